"""Metrics: what happens, counted and timed, with few labels."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from boots.journal import events
from boots.journal.counting import MetricsSink
from boots.journal.events import AnyEvent, Entry
from boots.journal.metrics import METRICS, reason
from boots.model.machine import Architecture
from boots.policy.client import Program
from boots.wire.syslog import Severity

MAC = "52:54:00:12:34:56"
ROOT = Path(__file__).parents[2]


class Bench:
    def __init__(self) -> None:
        self.sink = MetricsSink()
        self.registry = self.sink.registry()

    def tell(self, *told: AnyEvent, at: float = 1000.0) -> None:
        self.sink.write([Entry(at, event) for event in told])

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


def offer(program: str = "PXE ROM", mac: str = MAC) -> events.OfferSent:
    return events.OfferSent(
        mac=mac,
        interface="lan0",
        address="192.0.2.7",
        program=program,
        architecture="x64-uefi",
        boot_file="ipxe.efi",
        why="because",
    )


def script(problem: str = "") -> events.ScriptServed:
    return events.ScriptServed(
        mac=MAC, peer="192.0.2.7:1", door="http", profile="osie", script="", problem=problem
    )


def inventory() -> events.InventoryReported:
    return events.InventoryReported(mac=MAC, peer="192.0.2.7:1", inventory={}, next="idle")


def transfer(kind: type[Any], **more: Any) -> Any:
    return kind(mac=MAC, peer="192.0.2.7:1", door="tftp", name="ipxe.efi", **more)


def test_replies_are_counted_by_program_and_architecture() -> None:
    bench = Bench()
    labels = {"reply": "offer", "program": "PXE ROM", "architecture": "x64-uefi"}
    assert 0 == bench.value("boots_dhcp_replies_total", **labels)
    bench.tell(offer(), offer())

    assert 2 == bench.value("boots_dhcp_replies_total", **labels)


def test_a_transfer_is_in_flight_until_it_ends() -> None:
    bench = Bench()
    bench.tell(transfer(events.TransferStarted, size=5))
    during = bench.value("boots_transfers_in_flight", door="tftp")
    bench.tell(transfer(events.TransferFinished, size=5, seconds=0.2))

    assert (1, 0) == (during, bench.value("boots_transfers_in_flight", door="tftp"))
    assert 1 == bench.value("boots_transfers_total", door="tftp", outcome="finished")
    assert 5 == bench.value("boots_transfer_bytes_total", door="tftp")
    assert 0.2 == bench.value("boots_transfer_seconds_sum", door="tftp")


def test_a_probe_that_never_began_leaves_nothing_in_flight() -> None:
    bench = Bench()
    bench.tell(transfer(events.TransferProbed, size=5), transfer(events.TransferProbed, size=5))

    assert 0 == bench.value("boots_transfers_in_flight", door="tftp")
    assert 2 == bench.value("boots_transfers_total", door="tftp", outcome="probed")


def test_a_boot_is_timed_from_its_first_offer() -> None:
    bench = Bench()
    bench.tell(offer(), at=100)
    bench.tell(offer("iPXE"), at=103)
    bench.tell(script(), at=104)
    assert 1 == bench.value("boots_boots_under_way")
    bench.tell(inventory(), at=120)

    assert 4 == bench.value("boots_boot_seconds_sum", until="script")
    assert 20 == bench.value("boots_boot_seconds_sum", until="inventory")
    assert 0 == bench.value("boots_boots_under_way")


def test_a_machine_that_begins_anew_is_timed_anew() -> None:
    bench = Bench()
    bench.tell(offer(), at=100)
    bench.tell(offer(), at=500)
    bench.tell(inventory(), at=510)

    assert 10 == bench.value("boots_boot_seconds_sum", until="inventory")


def test_boots_that_came_to_nothing_are_forgotten() -> None:
    bench = Bench()
    bench.tell(offer(mac="52:54:00:00:00:01"), at=100)
    bench.tell(offer(), at=5000)

    assert 1 == bench.value("boots_boots_under_way")


def test_whatever_a_packet_says_makes_no_new_label() -> None:
    bench = Bench()
    before = bench.sink.exposition("")[0].count(b"\n")
    bench.tell(
        offer("a program of its own"),
        events.DhcpIgnored(mac=MAC, interface="x", message="FORCERENEW", why="a text of its own"),
        events.ConsoleLine(mac=MAC, peer="p", severity="odd", source="s", text="t"),
        events.AgentProgressed(mac=MAC, peer="p", stage="odd", message="t"),
    )

    assert before == bench.sink.exposition("")[0].count(b"\n")
    assert MAC.encode() not in bench.sink.exposition("")[0]


@pytest.mark.parametrize(
    ("why", "named"),
    [
        ("no record has this MAC", "unknown"),
        ("DHCP is off for this interface", "off"),
        ("the client took the offer of 192.0.2.1", "other-server"),
        ("its record has no address", "no-address"),
        ("RELEASE gets no answer", "not-asked"),
        ("anything else", "other"),
    ],
)
def test_reasons_have_classes(why: str, named: str) -> None:
    assert named == reason(why)


def test_labels_know_all_programs_architectures_and_severities() -> None:
    labels = METRICS["boots_dhcp_replies"].labels

    assert {each.value for each in Program} <= set(labels["program"])
    assert {each.value for each in Architecture} <= set(labels["architecture"])
    severities = METRICS["boots_console_lines"].labels["severity"]
    assert {each.name.lower() for each in Severity} <= set(severities)


def test_the_process_is_measured_too() -> None:
    body, kind = Bench().sink.exposition("")

    assert b"process_resident_memory_bytes" in body
    assert kind.startswith("text/plain")
    assert (
        "openmetrics" in Bench().sink.exposition("application/openmetrics-text; version=1.0.0")[1]
    )


def test_every_metric_is_on_its_page() -> None:
    page = (ROOT / "docs/reference/metrics.md").read_text()

    assert set(METRICS) == {
        name.removesuffix("_total") for name in re.findall(r"^\| `(boots_\w+)`", page, re.MULTILINE)
    }


def test_any_event_can_be_counted() -> None:
    """None breaks the sink: those it does not know pass it."""
    bench = Bench()
    for kind in get_args(AnyEvent):
        fields = {
            field: 1
            if field in {"size", "sent", "seconds", "machines", "count", "lost"}
            else "http"
            for field in kind.__struct_fields__
        }
        bench.tell(kind(**fields))


def test_the_library_is_loaded_by_who_shows_metrics_not_by_who_counts() -> None:
    """It takes as long to load as a thousand records."""
    who = {
        path.name
        for path in (ROOT / "src/boots").rglob("*.py")
        if re.search(r"^(from|import) prometheus_client", path.read_text(), re.MULTILINE)
    }
    assert {"exposition.py"} == who


def test_a_value_at_the_bound_of_a_bucket_is_within_it() -> None:
    bench = Bench()
    bench.tell(transfer(events.TransferFinished, size=5, seconds=0.1))
    bench.tell(transfer(events.TransferFinished, size=5, seconds=1000))
    buckets = {
        le: bench.value("boots_transfer_seconds_bucket", door="tftp", le=le)
        for le in ("0.05", "0.1", "300.0", "+Inf")
    }
    assert {"0.05": 0, "0.1": 1, "300.0": 1, "+Inf": 2} == buckets
    assert 2 == bench.value("boots_transfer_seconds_count", door="tftp")


def changed(state: str, sub: str = "") -> events.RunChanged:
    return events.RunChanged(mac=MAC, machine="one", run="w-1", name="debian", state=state, sub=sub)


def test_runs_are_counted_by_their_ends_and_by_what_they_wait_for() -> None:
    bench = Bench()
    bench.tell(changed("RUNNING"), changed("RUNNING", "NEEDS_PERSON"), changed("FAILED"))
    bench.tell(changed("FAILED", "CANCELLED"), changed("SUCCESS"), changed("RUNNING", "odd"))

    ended = {
        state: bench.value("boots_runs_ended_total", state=state)
        for state in ("success", "failed", "cancelled", "timeout")
    }
    assert {"success": 1, "failed": 1, "cancelled": 1, "timeout": 0} == ended
    assert 1 == bench.value("boots_runs_waiting_total", **{"for": "needs_person"})
    assert 0 == bench.value("boots_runs_waiting_total", **{"for": "held"})
