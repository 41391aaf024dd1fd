"""What operators look at, as the settings want it: metrics, traces, the journal's file."""

from collections.abc import Callable
from pathlib import Path

from yarl import URL

from boots.journal.counting import MetricsSink
from boots.journal.events import AnyEvent
from boots.journal.file import FileSink
from boots.journal.journal import Sink
from boots.serve.sockets import StartError
from boots.settings import Settings

_PATIENCE = 5.0  # seconds that a collector may take


class Observing:
    """The sinks of metrics and traces; what ``/metrics`` shows, None where it is switched off.

    Raises:
        StartError: traces are wanted, and what they need is not installed.
    """

    def __init__(self, settings: Settings) -> None:
        self.sinks: list[Sink] = []
        self.metrics: Callable[[str], tuple[bytes, str]] | None = None
        if settings.http.metrics and settings.http.enabled:
            counting = MetricsSink()
            self.sinks.append(counting)
            self.metrics = counting.exposition
        if settings.trace.endpoint:
            self.sinks.append(_tracing(settings.trace.endpoint))


def _tracing(endpoint: str) -> Sink:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        from boots.journal.trace import TraceSink  # noqa: PLC0415
    except ImportError as error:
        raise StartError(
            f"trace.endpoint is set, and {error.name} is not installed;"
            " install boots-netboot[trace], or leave trace.endpoint empty"
        ) from None
    url = URL(endpoint)
    if url.scheme not in {"http", "https"} or not url.host:
        raise StartError(
            f'trace.endpoint = "{endpoint}" will not do; write it like http://collector:4318'
        )
    if url.path in {"", "/"}:
        url = url.with_path("/v1/traces")
    exporter = OTLPSpanExporter(endpoint=str(url), timeout=_PATIENCE)
    return TraceSink(BatchSpanProcessor(exporter, schedule_delay_millis=1000))


def journal_file(path: str, tell: Callable[[AnyEvent], None]) -> list[Sink]:
    """The file that events are appended to, if one is named; `tell` hears when it cannot be.

    Raises:
        StartError: it cannot be written.
    """
    if not path:
        return []
    try:
        return [FileSink(Path(path), tell)]
    except OSError as error:
        raise StartError(f"the journal {path} cannot be written: {error.strerror}") from None
