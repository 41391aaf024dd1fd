"""Traces: one for each boot, as an OpenTelemetry collector hears of it."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.journal.test_metrics import MAC, inventory, offer, script, transfer

from boots.app.observing import Observing
from boots.journal import events
from boots.journal.events import AnyEvent, Entry
from boots.journal.trace import TraceSink
from boots.serve.sockets import StartError
from boots.settings import Http, Settings, Trace

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def ack(program: str = "PXE ROM") -> events.AckSent:
    return events.AckSent(
        mac=MAC,
        interface="lan0",
        address="192.0.2.7",
        program=program,
        architecture="bios",
        boot_file="",
        why="",
    )


def spans(*told: AnyEvent) -> dict[str, ReadableSpan]:
    """The spans, by name, of events that are a second apart; the first is at second 1."""
    exporter = InMemorySpanExporter()
    sink = TraceSink(SimpleSpanProcessor(exporter))
    sink.write([Entry(float(at), event) for at, event in enumerate(told, start=1)])
    sink.close()
    return {span.name: span for span in exporter.get_finished_spans()}


def seconds(span: ReadableSpan) -> tuple[float, float]:
    assert span.start_time is not None
    assert span.end_time is not None
    return span.start_time / 1e9, span.end_time / 1e9


def test_a_boot_is_a_trace_of_its_stages() -> None:
    made = spans(
        offer(),
        ack(),
        transfer(events.TransferStarted, size=5),
        transfer(events.TransferFinished, size=5, seconds=1.0),
        offer("iPXE"),
        ack("iPXE"),
        script(),
        events.AgentProgressed(mac=MAC, peer="", stage="started", message=""),
        inventory(),
    )

    assert {name: seconds(span) for name, span in made.items()} == {
        f"boot {MAC}": (1, 9),
        "DHCP PXE ROM": (1, 2),
        "TFTP ipxe.efi": (3, 4),
        "DHCP iPXE": (5, 6),
        "script osie": (7, 7),
        "OSIE": (8, 9),
    }
    whole = made.pop(f"boot {MAC}")
    assert whole.context is not None
    parents = {span.parent.span_id for span in made.values() if span.parent}
    assert {whole.context.span_id} == parents
    assert whole.parent is None


def test_a_traceparent_that_hangs_on_a_name_is_the_parent() -> None:
    made = spans(
        transfer(events.TransferStarted, size=5, trace=PARENT),
        transfer(events.TransferFailed, sent=1, why="it broke"),
    )
    whole = made[f"boot {MAC}"]

    assert whole.parent is not None
    assert PARENT.split("-")[1:3] == [
        f"{whole.parent.trace_id:032x}",
        f"{whole.parent.span_id:016x}",
    ]
    assert "it broke" == made["TFTP ipxe.efi"].status.description


def test_strangers_and_systems_make_no_trace() -> None:
    assert {} == spans(ack(), offer("an operating system"), inventory())


@contextmanager
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """A collector that keeps what it hears."""
    heard: list[tuple[str, bytes]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", heard
        finally:
            server.shutdown()
            thread.join()


def test_a_collector_hears_of_it() -> None:
    with collector() as (url, heard):
        (sink,) = Observing(Settings(http=Http(metrics=False), trace=Trace(endpoint=url))).sinks
        sink.write([Entry(1.0, offer()), Entry(2.0, ack())])
        sink.close()

    (path, body), *_ = heard
    request = ExportTraceServiceRequest.FromString(body)
    names = {
        span.name
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    }
    assert ("/v1/traces", {f"boot {MAC}", "DHCP PXE ROM"}) == (path, names)


def test_an_endpoint_that_is_no_url_is_refused() -> None:
    with pytest.raises(StartError, match="write it like http://collector:4318"):
        Observing(Settings(trace=Trace(endpoint="collector:4318")))


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
    monkeypatch.setitem(__import__("sys").modules, name, None)

    with pytest.raises(StartError, match=r"install boots-netboot\[trace\]"):
        Observing(Settings(trace=Trace(endpoint="http://collector:4318")))
