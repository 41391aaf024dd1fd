"""Sink: each boot as a trace, told to an OpenTelemetry collector.

This needs the extra ``trace``; nothing else imports it.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import Span, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from boots import __version__
from boots.journal import events
from boots.journal.events import Entry

_MOST = 4096  # boots that are followed at once
_QUIET = 900.0  # seconds of nothing after which a boot is over
_SYSTEM = "an operating system"
_FOLLOWED = {
    *(events.OfferSent, events.AckSent, events.ScriptServed),
    *(events.AgentProgressed, events.InventoryReported),
    *(events.TransferStarted, events.TransferFinished),
    *(events.TransferProbed, events.TransferFailed),
}


@dataclass(slots=True)
class _Boot:
    """One boot on its way: its whole span, and those within that have begun."""

    span: Span
    inside: Context
    last: float
    open: dict[str, Span] = field(default_factory=dict)


class TraceSink:
    """Makes spans of what happens and hands them to `processor`, which tells the collector."""

    def __init__(self, processor: SpanProcessor) -> None:
        resource = Resource.create({"service.name": "boots", "service.version": __version__})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("boots", __version__)
        self._boots: OrderedDict[str, _Boot] = OrderedDict()

    def write(self, entries: Sequence[Entry]) -> None:
        """Follow a batch."""
        for entry in entries:
            if type(entry.event) in _FOLLOWED:
                self._follow(entry)
        while self._boots:
            mac, oldest = next(iter(self._boots.items()))
            if len(self._boots) <= _MOST and entries[-1].at - oldest.last < _QUIET:
                break
            self._end(mac)

    def close(self) -> None:
        """End what is under way, and tell the collector."""
        for mac in list(self._boots):
            self._end(mac)
        self._provider.shutdown()

    def _follow(self, entry: Entry) -> None:
        match entry.event:
            case events.OfferSent() | events.AckSent():
                self._address(entry.at, entry.event)
            case events.ScriptServed(mac=mac) if mac:
                span = self._begin(
                    mac, f"script {entry.event.profile}", "script", entry.at, entry.event.trace
                )
                span.set_attribute("boots.profile", entry.event.profile)
                self._finish(mac, "script", entry.at, entry.event.problem)
            case events.AgentProgressed() | events.InventoryReported():
                self._system(entry.at, entry.event)
            case (
                events.TransferStarted()
                | events.TransferFinished()
                | events.TransferProbed()
                | events.TransferFailed()
            ):
                self._transfer(entry.at, entry.event)
            case _:
                pass

    def _address(self, at: float, event: events.OfferSent | events.AckSent) -> None:
        mac, program = event.mac, event.program
        key = f"dhcp {program}"
        if isinstance(event, events.AckSent):
            self._finish(mac, key, at)
            return
        if program not in {"iPXE", _SYSTEM}:
            self._end(mac)  # firmware asks: the machine begins anew
        if program != _SYSTEM or mac in self._boots:
            span = self._begin(mac, f"DHCP {program}", key, at)
            span.set_attribute("boots.boot_file", event.boot_file)
            span.set_attribute("boots.why", event.why)

    def _transfer(
        self,
        at: float,
        event: events.TransferStarted
        | events.TransferFinished
        | events.TransferProbed
        | events.TransferFailed,
    ) -> None:
        key = f"{event.door} {event.peer} {event.name}"
        if not isinstance(event, events.TransferStarted):
            self._finish(event.mac, key, at, getattr(event, "why", ""))
        elif event.mac:
            name = f"{event.door.upper()} {event.name}"
            span = self._begin(event.mac, name, key, at, event.trace)
            span.set_attribute("boots.size", event.size)

    def _system(self, at: float, event: events.AgentProgressed | events.InventoryReported) -> None:
        boot = self._boots.get(event.mac)
        if boot is None:
            return
        self._begin(event.mac, "OSIE", "osie", at)
        if isinstance(event, events.InventoryReported):
            self._finish(event.mac, "osie", at)
            self._end(event.mac)

    def _begin(self, mac: str, name: str, key: str, at: float, parent: str = "") -> Span:
        """Begin a span of a boot; the first begins the boot, within `parent` if that is given."""
        outside = _context(parent)
        boot = self._boots.get(mac)
        if boot is None:
            whole = self._tracer.start_span(f"boot {mac}", outside, start_time=_ns(at))
            whole.set_attribute("boots.mac", mac)
            boot = self._boots[mac] = _Boot(whole, set_span_in_context(whole), at)
            outside = None
        boot.last = at
        self._boots.move_to_end(mac)
        if key in boot.open:
            return boot.open[key]
        span = self._tracer.start_span(name, outside or boot.inside, start_time=_ns(at))
        boot.open[key] = span
        return span

    def _finish(self, mac: str, key: str, at: float, failure: str = "") -> None:
        boot = self._boots.get(mac)
        span = boot.open.pop(key, None) if boot else None
        if boot is None or span is None:
            return
        boot.last = at
        if failure:
            span.set_status(Status(StatusCode.ERROR, failure))
        span.end(_ns(at))

    def _end(self, mac: str) -> None:
        boot = self._boots.pop(mac, None)
        if boot is None:
            return
        for span in boot.open.values():
            span.end(_ns(boot.last))
        boot.span.end(_ns(boot.last))


def _context(traceparent: str) -> Context | None:
    if not traceparent:
        return None
    return TraceContextTextMapPropagator().extract({"traceparent": traceparent})


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)
