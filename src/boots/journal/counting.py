"""Sink: the journal as metrics, for Prometheus."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from boots.journal import events
from boots.journal.events import AnyEvent, Entry
from boots.journal.metrics import (
    ARCHITECTURES,
    MESSAGES,
    PROGRAMS,
    RUN_STATES,
    RUN_WAITS,
    SEVERITIES,
    reason,
)
from boots.journal.numbers import Numbers

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_MOST = 65_536  # machines on their way, and transfers: who makes them up pushes out others
_BOOT_LASTS = 3600.0  # seconds after which a boot that came to nothing is forgotten
_NEVER = float("-inf")
_SYSTEM = PROGRAMS[-1]
_UNDER_WAY = ("boots_boots_under_way",)


class MetricsSink:
    """Counts and times what happens."""

    def __init__(self) -> None:
        self._numbers = Numbers(time.time())
        self._values = self._numbers.values
        self._leaving: OrderedDict[tuple[str, str, str], None] = OrderedDict()
        self._boots: OrderedDict[str, float] = OrderedDict()
        self._registry: CollectorRegistry | None = None

    def registry(self) -> "CollectorRegistry":
        """What collects the numbers, for who shows them."""
        from boots.journal.exposition import registry_of  # noqa: PLC0415  # see there

        if self._registry is None:
            self._registry = registry_of(self._numbers)
        return self._registry

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All metrics in the form that an Accept header asks for, and its content type."""
        from boots.journal.exposition import exposition  # noqa: PLC0415  # see there

        return exposition(self.registry(), accept)

    def write(self, entries: Sequence[Entry]) -> None:
        """Count a batch."""
        counts = _COUNTS
        for entry in entries:
            event = entry.event
            count = counts.get(type(event))
            if count is not None:
                count(self, event, entry.at)
        self._forget(entries[-1].at)

    def close(self) -> None:
        """Nothing is held open."""

    def count(self, *key: str, by: float = 1) -> None:
        """Add to a metric, named with the values of its labels in their order."""
        self._values[key] = self._values.get(key, 0) + by

    def put(self, name: str, value: float) -> None:
        """Set a gauge."""
        self._values[name,] = value

    def observe(self, *key: str, value: float) -> None:
        """Take a value into a distribution."""
        self._numbers.distribution(*key).observe(value)

    def count_reply(self, kind: str, program: str, architecture: str) -> None:
        """Count a DHCP reply, whatever its words are."""
        try:
            self._values["boots_dhcp_replies", kind, program, architecture] += 1
        except KeyError:
            program = _one_of(program, PROGRAMS)
            architecture = _one_of(architecture, ARCHITECTURES, "unknown")
            self._values["boots_dhcp_replies", kind, program, architecture] += 1

    # --- what is between two events

    def begin(self, event: events.TransferStarted, _at: float) -> None:
        """A file begins to leave."""
        key = (event.door, event.peer, event.name)
        if key not in self._leaving:
            self._leaving[key] = None
            self.count("boots_transfers_in_flight", event.door)
        if len(self._leaving) > _MOST:
            (door, _, _), _ = self._leaving.popitem(last=False)
            self.count("boots_transfers_in_flight", door, by=-1)

    def end(self, door: str, peer: str, name: str) -> None:
        """It has left, or does not any more."""
        if self._leaving.pop((door, peer, name), self) is None:
            self.count("boots_transfers_in_flight", door, by=-1)

    def begin_boot(self, mac: str, program: str, at: float) -> None:
        """A machine has its first offer."""
        boots = self._boots
        # iPXE's own offer is in the middle of a boot, if there is one.
        if program == "iPXE" and at - boots.get(mac, _NEVER) < _BOOT_LASTS:
            return
        boots[mac] = at
        boots.move_to_end(mac)
        if len(boots) > _MOST:
            boots.popitem(last=False)

    def boot_reached(self, until: str, mac: str, at: float) -> None:
        """A machine got so far, if its first offer is known."""
        began = self._boots.get(mac)
        if began is not None:
            self.observe("boots_boot_seconds", until, value=at - began)

    def end_boot(self, mac: str) -> None:
        """Nothing more is timed of this boot."""
        self._boots.pop(mac, None)

    def _forget(self, now: float) -> None:
        while self._boots and now - next(iter(self._boots.values())) > _BOOT_LASTS:
            self._boots.popitem(last=False)
        self._values[_UNDER_WAY] = len(self._boots)


def _one_of(value: str, values: Sequence[str], else_: str = "other") -> str:
    return value if value in values else else_


# --- what each event counts


def _offer(sink: MetricsSink, event: events.OfferSent, at: float) -> None:
    sink.count_reply("offer", event.program, event.architecture)
    if event.program != _SYSTEM:
        sink.begin_boot(event.mac, event.program, at)


def _ack(sink: MetricsSink, event: events.AckSent, _at: float) -> None:
    sink.count_reply("ack", event.program, event.architecture)


def _ignored(sink: MetricsSink, event: events.DhcpIgnored, _at: float) -> None:
    sink.count("boots_dhcp_ignored", _one_of(event.message, MESSAGES), reason(event.why))


def _compared(sink: MetricsSink, event: events.RepliesCompared, _at: float) -> None:
    sink.count("boots_dhcp_compared", "different" if event.differences else "same")


def _finished(sink: MetricsSink, event: events.TransferFinished, _at: float) -> None:
    sink.end(event.door, event.peer, event.name)
    sink.count("boots_transfers", event.door, "finished")
    sink.count("boots_transfer_bytes", event.door, by=max(0, event.size))
    sink.observe("boots_transfer_seconds", event.door, value=event.seconds)
    sink.observe("boots_transfer_size_bytes", event.door, value=event.size)


def _failed(sink: MetricsSink, event: events.TransferFailed, _at: float) -> None:
    sink.end(event.door, event.peer, event.name)
    sink.count("boots_transfers", event.door, "failed")
    sink.count("boots_transfer_bytes", event.door, by=max(0, event.sent))


def _probed(sink: MetricsSink, event: events.TransferProbed, _at: float) -> None:
    sink.end(event.door, event.peer, event.name)
    sink.count("boots_transfers", event.door, "probed")


def _script(sink: MetricsSink, event: events.ScriptServed, at: float) -> None:
    sink.count("boots_scripts", event.door, "problem" if event.problem else "served")
    sink.boot_reached("script", event.mac, at)


def _inventory(sink: MetricsSink, event: events.InventoryReported, at: float) -> None:
    sink.count("boots_inventories")
    sink.boot_reached("inventory", event.mac, at)
    sink.end_boot(event.mac)


def _console(sink: MetricsSink, event: events.ConsoleLine, _at: float) -> None:
    sink.count("boots_console_lines", _one_of(event.severity, SEVERITIES))


def _started(sink: MetricsSink, event: events.ServerStarted, _at: float) -> None:
    sink.put("boots_machines", event.machines)


def _loaded(sink: MetricsSink, event: events.RecordsLoaded, _at: float) -> None:
    sink.put("boots_machines", event.machines)
    sink.count("boots_record_loads", "loaded")
    sink.put("boots_record_load_seconds", event.seconds)


def _run(sink: MetricsSink, event: events.RunChanged, _at: float) -> None:
    state, sub = event.state.lower(), event.sub.lower()
    if state in RUN_STATES:
        sink.count("boots_runs_ended", sub if sub in RUN_STATES else state)
    elif sub in RUN_WAITS:
        sink.count("boots_runs_waiting", sub)


def _limited(sink: MetricsSink, event: events.LimitReached, _at: float) -> None:
    sink.count("boots_limited", event.door, event.limit, by=max(0, event.count))


Count = Callable[[MetricsSink, Any, float], None]


def _plain(*key: str) -> Count:
    return lambda sink, _event, _at: sink.count(*key)


def _by_door(name: str) -> Count:
    return lambda sink, event, _at: sink.count(name, event.door)


_COUNTS: Mapping[type[AnyEvent], Count] = {
    events.ServerStarted: _started,
    events.RecordsLoaded: _loaded,
    events.RecordsRefused: _plain("boots_record_loads", "refused"),
    events.SettingsRefused: _plain("boots_record_loads", "refused"),
    events.OfferSent: _offer,
    events.AckSent: _ack,
    events.NakSent: _plain("boots_dhcp_naks"),
    events.DhcpIgnored: _ignored,
    events.ReplyWithheld: _plain("boots_dhcp_withheld"),
    events.RepliesCompared: _compared,
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
    events.ScriptServed: _script,
    events.FileRendered: _by_door("boots_files_rendered"),
    events.IsoUnpatched: _plain("boots_isos_unpatched"),
    events.LoopBroken: _plain("boots_loops_broken"),
    events.ConsoleLine: _console,
    events.AgentProgressed: _plain("boots_agent_reports"),
    events.InventoryReported: _inventory,
    events.RunCreated: _plain("boots_runs_created"),
    events.RunChanged: _run,
    events.TicketRefused: _plain("boots_tickets_refused"),
    events.ImpostorRefused: _plain("boots_impostors_refused"),
    events.LimitReached: _limited,
}
