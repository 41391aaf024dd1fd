"""Sink: the journal as log lines for people, or as JSON for machines."""

import contextlib
import logging
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TextIO, get_args

import structlog

from boots.journal import events
from boots.journal.bound import Bound
from boots.journal.events import AnyEvent, Entry, Event
from boots.journal.lines import as_json, for_people, harmless

# What is not named here is worth an operator's eye: info.
_LEVEL: Mapping[type[Event], str] = {
    events.TransferStarted: "debug",
    events.TransferProgressed: "debug",
    events.TransferProbed: "debug",
    events.DhcpIgnored: "debug",
    events.AdvertisementSent: "debug",
    events.PacketDropped: "debug",
    events.RecordsRefused: "error",
    events.SettingsRefused: "error",
    events.TransferFailed: "warning",
    events.IsoUnpatched: "warning",
    events.AddressDeclined: "warning",
    events.NakSent: "warning",
    events.LoopBroken: "warning",
    events.WorkerEnded: "error",
    events.InterfaceTroubled: "error",
    events.AddressBlocked: "warning",
    events.ApiRefused: "warning",
    events.EnrolmentRefused: "warning",
    events.TlsRefused: "warning",
    events.BootFileDoubtful: "warning",
    events.StoreTroubled: "error",
    events.TicketRefused: "warning",
    events.ImpostorRefused: "warning",
    events.LimitReached: "warning",
    events.WritingStopped: "warning",
}
# The level of a refusal depends on the file, that of another server on whether it may be there.
_UNSETTLED = {events.FetchRefused, events.ForeignServerSeen}
_SETTLED: Sequence[type[Event]] = [kind for kind in get_args(AnyEvent) if kind not in _UNSETTLED]
# What shim, GRUB, PXELINUX and a Raspberry Pi ask for and do well without.
_SPARED = re.compile(
    r"(.*/)?(revocations\w*\.efi|shim_certificate_\d+\.efi|[\w-]+\.(lst|mod)|autoexec\.ipxe"
    r"|grub\.cfg-.*|ldlinux\.\w+|recovery\.elf|recovery8\.img|dt-blob\.bin|bootcfg\.txt)"
    r"|(.*/)?pxelinux\.cfg/.*"
)
_THERE_IS_NONE = "there is no file "
# Long, and in the journal's file for who wants them.
_LEFT_OUT = {"script", "private", "inventory"}


def configure(form: str, level: str, stream: TextIO | None = None) -> None:
    """Set up logging for the process: `form` is ``console`` or ``json``, to standard error."""
    out = stream or sys.stderr
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if form == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=out.isatty(), pad_event_to=18)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            *([_harmless] if form == "console" else []),
            structlog.processors.format_exc_info,
            structlog.processors.TimeStamper(
                fmt="%H:%M:%S" if form == "console" else "iso", utc=form != "console"
            ),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )


def _harmless(
    _log: object, _method: str, fields: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Take what moves a cursor or turns the text around out of what others said."""
    for key, value in fields.items():
        if isinstance(value, str):
            fields[key] = harmless(value)
    return fields


class LogSink:
    """Writes one line for each event, with its fields as key=value.

    `form` and `level` are as for `configure`.  `lines` bounds how many are written in a second,
    once for info and debug, and once more for what is graver; 0 is no bound.  What is beyond is
    counted and told by one line: `later` is called with what tells it, and runs that in a second.
    """

    def __init__(
        self,
        form: str,
        level: str,
        lines: int,
        later: Callable[[Callable[[], None]], object],
        stream: TextIO | None = None,
    ) -> None:
        self._out = stream or sys.stderr
        self._line = as_json if form == "json" else for_people(colours=self._out.isatty())
        common, grave = Bound(lines), Bound(lines)
        self._told = {"info": common, "warning": grave}
        bounds = {"debug": common, "info": common, "warning": grave, "error": grave}
        levels = list(bounds)
        self._bounds = {each: bounds[each] for each in levels[levels.index(level) :]}
        self._ways = {kind: self._way(kind, _LEVEL.get(kind, "info")) for kind in _SETTLED}
        self._most = lines
        self._later = later
        self._telling = False

    def write(self, entries: Sequence[Entry]) -> None:
        """Log a batch, with one write."""
        if self._is_left_out(entries):
            return
        text = []
        ways = self._ways
        for entry in entries:
            event = entry.event
            kind = type(event)
            level, name, bound = ways.get(kind) or self._way(kind, _level_of(event))
            if bound is not None and bound.admits(entry.at, name):
                text.append(self._line(entry.at, level, name, _fields(event)))
        if text:
            self._put("".join(text))
        if not self._telling and any(bound.left_out for bound in self._told.values()):
            self._telling = True
            self._later(self._tell)

    def _is_left_out(self, entries: Sequence[Entry]) -> bool:
        """Whether all of a batch is beyond the bound, as in a storm; then it is counted in one go.

        To look at each entry would cost a storm's DHCP answers a twentieth.
        """
        common = self._told["info"]
        if not self._telling or not common.is_reached(entries[0].at, entries[-1].at):
            return False
        kinds = Counter([type(entry.event) for entry in entries])
        ways = [(self._ways.get(kind), count) for kind, count in kinds.items()]
        if any(way is None or way[2] not in {common, None} for way, _ in ways):
            return False
        bound = (each.at for each in reversed(entries) if self._ways[type(each.event)][2])
        last = next(bound, 0.0)
        for way, count in ways:
            if way is not None and way[2] is not None:
                common.leave_out(last, way[1], count)
        return True

    def close(self) -> None:
        """Tell what was left out since that was told last."""
        self._tell()

    def _way(self, kind: type[Event], level: str) -> tuple[str, str, Bound | None]:
        """The level, the name, and the bound of events; without a bound they are not logged."""
        return level, kind.__name__, self._bounds.get(level)

    def _tell(self) -> None:
        """Say how many lines of what were left out."""
        self._telling = False
        for level, bound in self._told.items():
            if bound.left_out:
                at, kinds = bound.latest, bound.taken()
                fields = {
                    "lines": sum(kinds.values()),
                    "of": ", ".join(f"{count} {kind}" for kind, count in kinds.items()),
                    "why": f"more than log.lines = {self._most} a second;"
                    " a journal file (journal) has them all",
                }
                self._put(self._line(at, level, "LinesLeftOut", fields))

    def _put(self, text: str) -> None:
        # Standard error on a full disk or a closed pipe: there is nowhere left to say so.
        with contextlib.suppress(OSError):
            self._out.write(text)
            self._out.flush()


def _level_of(event: Event) -> str:
    if isinstance(event, events.ForeignServerSeen):
        return "info" if event.expected else "warning"
    spared = (
        isinstance(event, events.FetchRefused)
        and event.why.startswith(_THERE_IS_NONE)
        and _SPARED.fullmatch(event.name)
    )
    return "debug" if spared else "info"


def _fields(event: Event) -> dict[str, object]:
    return {
        name: value
        for name in event.__struct_fields__
        if (value := getattr(event, name)) not in ("", []) and name not in _LEFT_OUT
    }
