"""Sink: the journal as metrics, for Prometheus.

No label ever holds a MAC, an address or a text for people: each has few values, known here.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder

from boots.journal import events
from boots.journal.events import AnyEvent, Entry

_PROGRAMS = ("PXE ROM", "UEFI HTTP", "iPXE", "an operating system")
_ARCHITECTURES = (
    *("bios", "ia32-uefi", "x64-uefi", "arm32-uefi", "arm64-uefi", "riscv64-uefi", "loong64-uefi"),
    "unknown",
)
_MESSAGES = ("DISCOVER", "REQUEST", "INFORM", "DECLINE", "RELEASE", "BOOTP", "other")
_DOORS = ("dhcp", "tftp", "http", "syslog", "ndp")
_FILE_DOORS = ("tftp", "http")
_SEVERITIES = (
    *("emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"),
    "other",
)
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
_MOST = 65_536  # machines on their way, and transfers: who makes them up pushes out others
_BOOT_LASTS = 3600.0  # seconds after which a boot that came to nothing is forgotten

Labels = Mapping[str, Sequence[str]]


class Metric(NamedTuple):
    """What one metric is: its kind, its meaning, and the values its labels can have."""

    kind: type[Counter | Gauge | Histogram]
    meaning: str
    labels: Labels = MappingProxyType({})
    buckets: Sequence[float] = ()


METRICS: Mapping[str, Metric] = {
    "boots_dhcp_replies": Metric(
        Counter,
        "DHCP replies sent.",
        {
            "reply": ("offer", "ack"),
            "program": (*_PROGRAMS, "other"),
            "architecture": _ARCHITECTURES,
        },
    ),
    "boots_dhcp_naks": Metric(Counter, "Requests for an address that were refused."),
    "boots_dhcp_ignored": Metric(
        Counter,
        "DHCP messages without an answer.",
        {"message": _MESSAGES, "reason": (*(name for name, _ in _REASONS), "other")},
    ),
    "boots_dhcp_withheld": Metric(Counter, "Answers made in shadow mode, and not sent."),
    "boots_dhcp_compared": Metric(
        Counter, "Another server's replies compared with ours.", {"outcome": ("same", "different")}
    ),
    "boots_addresses": Metric(
        Counter,
        "Addresses given back, declined, or found in use.",
        {"what": ("released", "declined", "blocked")},
    ),
    "boots_router_advertisements": Metric(Counter, "Router solicitations answered."),
    "boots_packets_dropped": Metric(
        Counter, "Bytes that are no message of the protocol.", {"door": _DOORS}
    ),
    "boots_transfers": Metric(
        Counter,
        "Files that left, or did not.",
        {"door": _FILE_DOORS, "outcome": ("finished", "failed", "probed")},
    ),
    "boots_transfer_bytes": Metric(Counter, "Bytes of files that left.", {"door": _FILE_DOORS}),
    "boots_transfer_seconds": Metric(
        Histogram, "How long finished transfers took.", {"door": _FILE_DOORS}, _SECONDS
    ),
    "boots_transfer_size_bytes": Metric(
        Histogram, "How large finished transfers were.", {"door": _FILE_DOORS}, _BYTES
    ),
    "boots_transfers_in_flight": Metric(Gauge, "Files leaving now.", {"door": _FILE_DOORS}),
    "boots_fetches_refused": Metric(Counter, "Files not given.", {"door": _FILE_DOORS}),
    "boots_scripts": Metric(
        Counter,
        "iPXE scripts handed out; a problem is one that only shows why there is none.",
        {"door": _FILE_DOORS, "outcome": ("served", "problem")},
    ),
    "boots_files_rendered": Metric(
        Counter, "Files made for one machine and handed out.", {"door": _FILE_DOORS}
    ),
    "boots_isos_unpatched": Metric(Counter, "ISOs without the text that is to be overwritten."),
    "boots_loops_broken": Metric(Counter, "Machines held as they went round in a loop."),
    "boots_console_lines": Metric(Counter, "Syslog lines of machines.", {"severity": _SEVERITIES}),
    "boots_agent_reports": Metric(Counter, "Stages told by agents in OSIE."),
    "boots_inventories": Metric(Counter, "Inventories told by agents in OSIE."),
    "boots_boot_seconds": Metric(
        Histogram,
        "Time from a machine's first offer to its script, and to OSIE's inventory.",
        {"until": ("script", "inventory")},
        _BOOT_SECONDS,
    ),
    "boots_boots_under_way": Metric(Gauge, "Machines between their first offer and their end."),
    "boots_machines": Metric(Gauge, "Machines with a record."),
    "boots_record_loads": Metric(
        Counter,
        "Times that records or settings were read again.",
        {"outcome": ("loaded", "refused")},
    ),
    "boots_record_load_seconds": Metric(Gauge, "How long the last reading of the records took."),
}


class MetricsSink:
    """Counts and times what happens.  `registry` is the process's, or a test's."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._metrics = {name: _made(name, metric, registry) for name, metric in METRICS.items()}
        self._labelled: dict[tuple[str, ...], Any] = {}
        self._leaving: OrderedDict[tuple[str, str, str], None] = OrderedDict()
        self._boots: OrderedDict[str, float] = OrderedDict()
        ProcessCollector(registry=registry)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All metrics in the form that an Accept header asks for, and its content type."""
        encode, kind = choose_encoder(accept)
        return encode(self._registry), kind

    def write(self, entries: Sequence[Entry]) -> None:
        """Count a batch."""
        for entry in entries:
            count = _COUNTS.get(type(entry.event))
            if count is not None:
                count(self, entry.event)
            self._time(entry)

    def close(self) -> None:
        """Nothing is held open."""

    def of(self, name: str, *labels: str) -> Any:
        """A metric with these values of its labels, in their order."""
        key = (name, *labels)
        found = self._labelled.get(key)
        if found is None:
            metric = self._metrics[name]
            found = self._labelled[key] = metric.labels(*labels) if labels else metric
        return found

    # --- what is between two events

    def begin(self, event: events.TransferStarted) -> None:
        """A file begins to leave."""
        key = (event.door, event.peer, event.name)
        if key not in self._leaving:
            self._leaving[key] = None
            self.of("boots_transfers_in_flight", event.door).inc()
        if len(self._leaving) > _MOST:
            (door, _, _), _ = self._leaving.popitem(last=False)
            self.of("boots_transfers_in_flight", door).dec()

    def end(self, door: str, peer: str, name: str) -> None:
        """It has left, or does not any more."""
        if self._leaving.pop((door, peer, name), self) is None:
            self.of("boots_transfers_in_flight", door).dec()

    def _time(self, entry: Entry) -> None:
        match entry.event:
            case events.OfferSent(mac=mac, program=program) if program != _PROGRAMS[-1]:
                began = self._boots.get(mac)
                # iPXE's own offer is in the middle of a boot, if there is one.
                if program == "iPXE" and began is not None and entry.at - began < _BOOT_LASTS:
                    return
                self._boots[mac] = entry.at
                self._boots.move_to_end(mac)
                while len(self._boots) > _MOST:
                    self._boots.popitem(last=False)
            case events.ScriptServed(mac=mac) if mac in self._boots:
                self.of("boots_boot_seconds", "script").observe(entry.at - self._boots[mac])
                return
            case events.InventoryReported(mac=mac) if mac in self._boots:
                took = entry.at - self._boots.pop(mac)
                self.of("boots_boot_seconds", "inventory").observe(took)
            case _:
                return
        while self._boots and entry.at - next(iter(self._boots.values())) > _BOOT_LASTS:
            self._boots.popitem(last=False)
        self.of("boots_boots_under_way").set(len(self._boots))


def _made(name: str, metric: Metric, registry: CollectorRegistry) -> Any:
    more: dict[str, Any] = {"buckets": metric.buckets} if metric.buckets else {}
    made: Any = metric.kind(name, metric.meaning, tuple(metric.labels), registry=registry, **more)
    for values in _combinations(list(metric.labels.values())):
        if values:
            made.labels(*values)  # there from the start, at 0
    return made


def _combinations(values: list[Sequence[str]]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()]
    for each in values:
        found = [(*head, value) for head in found for value in each]
    return found


def _one_of(value: str, values: Sequence[str], else_: str = "other") -> str:
    return value if value in values else else_


def reason(why: str) -> str:
    """The class of a reason for people."""
    return next((name for name, words in _REASONS if words.search(why)), "other")


# --- what each event counts


def _reply(kind: str) -> Callable[[MetricsSink, Any], None]:
    def count(sink: MetricsSink, event: Any) -> None:
        program = _one_of(event.program, _PROGRAMS)
        architecture = _one_of(event.architecture, _ARCHITECTURES, "unknown")
        sink.of("boots_dhcp_replies", kind, program, architecture).inc()

    return count


def _ignored(sink: MetricsSink, event: events.DhcpIgnored) -> None:
    message = _one_of(event.message, _MESSAGES)
    sink.of("boots_dhcp_ignored", message, reason(event.why)).inc()


def _finished(sink: MetricsSink, event: events.TransferFinished) -> None:
    sink.end(event.door, event.peer, event.name)
    sink.of("boots_transfers", event.door, "finished").inc()
    sink.of("boots_transfer_bytes", event.door).inc(max(0, event.size))
    sink.of("boots_transfer_seconds", event.door).observe(event.seconds)
    sink.of("boots_transfer_size_bytes", event.door).observe(event.size)


def _failed(sink: MetricsSink, event: events.TransferFailed) -> None:
    sink.end(event.door, event.peer, event.name)
    sink.of("boots_transfers", event.door, "failed").inc()
    sink.of("boots_transfer_bytes", event.door).inc(max(0, event.sent))


def _probed(sink: MetricsSink, event: events.TransferProbed) -> None:
    sink.end(event.door, event.peer, event.name)
    sink.of("boots_transfers", event.door, "probed").inc()


def _loaded(sink: MetricsSink, event: events.RecordsLoaded) -> None:
    sink.of("boots_machines").set(event.machines)
    sink.of("boots_record_loads", "loaded").inc()
    sink.of("boots_record_load_seconds").set(event.seconds)


def _plain(name: str, *labels: str) -> Callable[[MetricsSink, Any], None]:
    return lambda sink, _: sink.of(name, *labels).inc()


def _by_door(name: str) -> Callable[[MetricsSink, Any], None]:
    return lambda sink, event: sink.of(name, event.door).inc()


_COUNTS: Mapping[type[AnyEvent], Callable[[MetricsSink, Any], None]] = {
    events.ServerStarted: lambda sink, event: sink.of("boots_machines").set(event.machines),
    events.RecordsLoaded: _loaded,
    events.RecordsRefused: _plain("boots_record_loads", "refused"),
    events.SettingsRefused: _plain("boots_record_loads", "refused"),
    events.OfferSent: _reply("offer"),
    events.AckSent: _reply("ack"),
    events.NakSent: _plain("boots_dhcp_naks"),
    events.DhcpIgnored: _ignored,
    events.ReplyWithheld: _plain("boots_dhcp_withheld"),
    events.RepliesCompared: lambda sink, event: sink.of(
        "boots_dhcp_compared", "different" if event.differences else "same"
    ).inc(),
    events.AddressReleased: _plain("boots_addresses", "released"),
    events.AddressDeclined: _plain("boots_addresses", "declined"),
    events.AddressBlocked: _plain("boots_addresses", "blocked"),
    events.AdvertisementSent: _plain("boots_router_advertisements"),
    events.PacketDropped: _by_door("boots_packets_dropped"),
    events.TransferStarted: MetricsSink.begin,
    events.TransferFinished: _finished,
    events.TransferFailed: _failed,
    events.TransferProbed: _probed,
    events.FetchRefused: _by_door("boots_fetches_refused"),
    events.ScriptServed: lambda sink, event: sink.of(
        "boots_scripts", event.door, "problem" if event.problem else "served"
    ).inc(),
    events.FileRendered: _by_door("boots_files_rendered"),
    events.IsoUnpatched: _plain("boots_isos_unpatched"),
    events.LoopBroken: _plain("boots_loops_broken"),
    events.ConsoleLine: lambda sink, event: sink.of(
        "boots_console_lines", _one_of(event.severity, _SEVERITIES)
    ).inc(),
    events.AgentProgressed: _plain("boots_agent_reports"),
    events.InventoryReported: _plain("boots_inventories"),
}
