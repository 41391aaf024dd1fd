"""Sink: the journal as log lines for people, or as JSON for machines."""

import contextlib
import logging
import re
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

import msgspec
import structlog

from boots.journal import events
from boots.journal.events import Entry, Event

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
    events.AddressBlocked: "warning",
}
# What shim, GRUB, PXELINUX and a Raspberry Pi ask for and do well without.
_SPARED = re.compile(
    r"(.*/)?(revocations\w*\.efi|shim_certificate_\d+\.efi|[\w-]+\.(lst|mod)|autoexec\.ipxe"
    r"|grub\.cfg-.*|ldlinux\.\w+|recovery\.elf|recovery8\.img|dt-blob\.bin|bootcfg\.txt)"
    r"|(.*/)?pxelinux\.cfg/.*"
)
_THERE_IS_NONE = "there is no file "
# Long, and in the journal's file for who wants them.
_LEFT_OUT = {"event", "script", "inventory"}


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
    """Take what moves a cursor or turns the text around out of what others said.

    Tabs and line ends stay: what has some is written quoted.
    """
    for key, value in fields.items():
        if isinstance(value, str) and not value.isprintable():
            fields[key] = "".join(
                c if c.isprintable() or c in "\t\r\n" else "\ufffd" for c in value
            )
    return fields


def _level(event: Event) -> str:
    if isinstance(event, events.FetchRefused) and event.why.startswith(_THERE_IS_NONE):
        return "debug" if _SPARED.fullmatch(event.name) else "info"
    return _LEVEL.get(type(event), "info")


class LogSink:
    """Writes one line for each event, with its fields as key=value."""

    def write(self, entries: Sequence[Entry]) -> None:
        """Log a batch."""
        log = structlog.get_logger()
        for entry in entries:
            kind = type(entry.event)
            fields = {
                name: value
                for name, value in msgspec.structs.asdict(entry.event).items()
                if name not in _LEFT_OUT and value not in ("", [])
            }
            # Standard error on a full disk or a closed pipe: there is nowhere left to say so.
            with contextlib.suppress(OSError):
                getattr(log, _level(entry.event))(kind.__name__, **fields)

    def close(self) -> None:
        """Nothing is held open."""
