"""Which metrics there are: their kinds, meanings and labels.

No label ever holds a MAC, an address or a text for people: each has few values, known here.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, NamedTuple

from boots.model.limits import LIMITS

PROGRAMS = ("PXE ROM", "UEFI HTTP", "iPXE", "an operating system")
ARCHITECTURES = (
    *("bios", "ia32-uefi", "x64-uefi", "arm32-uefi", "arm64-uefi", "riscv64-uefi", "loong64-uefi"),
    "unknown",
)
MESSAGES = ("DISCOVER", "REQUEST", "INFORM", "DECLINE", "RELEASE", "BOOTP", "other")
_DOORS = ("dhcp", "tftp", "http", "syslog", "ndp")
_FILE_DOORS = ("tftp", "http")
SEVERITIES = (
    *("emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"),
    "other",
)
RUN_STATES = ("success", "failed", "cancelled", "timeout")
RUN_WAITS = ("needs_person", "held", "unconfirmed")
# Why a DHCP message got no answer, by a word of the reason that people read.
_REASONS = (
    ("unknown", re.compile("no record has this MAC")),
    ("off", re.compile("DHCP is off|netboot is off|boot server of its own")),
    ("other-server", re.compile("took the offer|others give addresses|other server")),
    ("no-address", re.compile("has no address|no address|pool")),
    ("held", re.compile("held for")),
    ("no-boot-file", re.compile("boot file|does not say its architecture")),
    ("malformed", re.compile("not a request|BOOTP|cannot be one machine's")),
    ("not-asked", re.compile("gets no answer|operating system")),
)
_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_BYTES = tuple(4**power * 1024 for power in range(11))  # 1 KiB to 1 GiB
_BOOT_SECONDS = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)

Labels = Mapping[str, Sequence[str]]


class Metric(NamedTuple):
    """What one metric is: its kind, its meaning, and the values its labels can have."""

    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: Labels = MappingProxyType({})
    buckets: Sequence[float] = ()
    rows: Sequence[Sequence[str]] = ()  # the combinations of labels, where not all can be


METRICS: Mapping[str, Metric] = {
    "boots_dhcp_replies": Metric(
        "counter",
        "DHCP replies sent.",
        {
            "reply": ("offer", "ack"),
            "program": (*PROGRAMS, "other"),
            "architecture": ARCHITECTURES,
        },
    ),
    "boots_dhcp_naks": Metric("counter", "Requests for an address that were refused."),
    "boots_dhcp_ignored": Metric(
        "counter",
        "DHCP messages without an answer.",
        {"message": MESSAGES, "reason": (*(name for name, _ in _REASONS), "other")},
    ),
    "boots_dhcp_withheld": Metric("counter", "Answers made in shadow mode, and not sent."),
    "boots_dhcp_compared": Metric(
        "counter",
        "Another server's replies compared with ours.",
        {"outcome": ("same", "different")},
    ),
    "boots_addresses": Metric(
        "counter",
        "Addresses given back, declined, or found in use.",
        {"what": ("released", "declined", "blocked")},
    ),
    "boots_router_advertisements": Metric("counter", "Router solicitations answered."),
    "boots_packets_dropped": Metric(
        "counter", "Bytes that are no message of the protocol.", {"door": _DOORS}
    ),
    "boots_transfers": Metric(
        "counter",
        "Files that left, or did not.",
        {"door": _FILE_DOORS, "outcome": ("finished", "failed", "probed")},
    ),
    "boots_transfer_bytes": Metric("counter", "Bytes of files that left.", {"door": _FILE_DOORS}),
    "boots_transfer_seconds": Metric(
        "histogram", "How long finished transfers took.", {"door": _FILE_DOORS}, _SECONDS
    ),
    "boots_transfer_size_bytes": Metric(
        "histogram", "How large finished transfers were.", {"door": _FILE_DOORS}, _BYTES
    ),
    "boots_transfers_in_flight": Metric("gauge", "Files leaving now.", {"door": _FILE_DOORS}),
    "boots_fetches_refused": Metric("counter", "Files not given.", {"door": _FILE_DOORS}),
    "boots_scripts": Metric(
        "counter",
        "iPXE scripts handed out; a problem is one that only shows why there is none.",
        {"door": _FILE_DOORS, "outcome": ("served", "problem")},
    ),
    "boots_files_rendered": Metric(
        "counter", "Files made for one machine and handed out.", {"door": _FILE_DOORS}
    ),
    "boots_isos_unpatched": Metric("counter", "ISOs without the text that is to be overwritten."),
    "boots_loops_broken": Metric("counter", "Machines held as they went round in a loop."),
    "boots_console_lines": Metric("counter", "Syslog lines of machines.", {"severity": SEVERITIES}),
    "boots_agent_reports": Metric("counter", "Stages told by agents in OSIE."),
    "boots_inventories": Metric("counter", "Inventories told by agents in OSIE."),
    "boots_runs_created": Metric("counter", "Runs of workflows that were begun."),
    "boots_runs_ended": Metric("counter", "Runs that are over.", {"state": RUN_STATES}),
    "boots_runs_waiting": Metric(
        "counter", "Times that a run came to wait for somebody.", {"for": RUN_WAITS}
    ),
    "boots_impostors_refused": Metric(
        "counter", "Who wanted what is one machine's from an address that is not its.", {}
    ),
    "boots_limited": Metric(
        "counter",
        "What was beyond a limit, and was not taken up.",
        {
            "door": tuple(dict.fromkeys(limit.door for limit in LIMITS)),
            "limit": tuple(dict.fromkeys(limit.name for limit in LIMITS)),
        },
        rows=tuple((limit.door, limit.name) for limit in LIMITS),
    ),
    "boots_tickets_refused": Metric("counter", "Tickets and keys of agents that were not good."),
    "boots_boot_seconds": Metric(
        "histogram",
        "Time from a machine's first offer to its script, and to OSIE's inventory.",
        {"until": ("script", "inventory")},
        _BOOT_SECONDS,
    ),
    "boots_boots_under_way": Metric("gauge", "Machines between their first offer and their end."),
    "boots_machines": Metric("gauge", "Machines with a record."),
    "boots_record_loads": Metric(
        "counter",
        "Times that records or settings were read again.",
        {"outcome": ("loaded", "refused")},
    ),
    "boots_record_load_seconds": Metric("gauge", "How long the last reading of the records took."),
}


@lru_cache(maxsize=1024)
def reason(why: str) -> str:
    """The class of a reason for people."""
    return next((name for name, words in _REASONS if words.search(why)), "other")
