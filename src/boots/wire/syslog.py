"""Syslog lines as machines send them: RFC 3164 in iPXE's and the kernel's manner, and RFC 5424.

RFC 3164 describes more than it prescribes: iPXE sends ``<14>ipxe: text``, without time or host;
busybox and rsyslog send both.  So every part but the priority is optional here.
"""

import enum
import re
from dataclasses import dataclass

from boots.wire.malformed import Malformed

PORT = 514


class Severity(enum.IntEnum):
    """RFC 5424 §6.2.1, table 2."""

    EMERGENCY = 0
    ALERT = 1
    CRITICAL = 2
    ERROR = 3
    WARNING = 4
    NOTICE = 5
    INFO = 6
    DEBUG = 7


class Facility(enum.IntEnum):
    """RFC 5424 §6.2.1, table 1, with the names of syslog.h."""

    KERN = 0
    USER = 1
    MAIL = 2
    DAEMON = 3
    AUTH = 4
    SYSLOG = 5
    LPR = 6
    NEWS = 7
    UUCP = 8
    CLOCK = 9
    AUTHPRIV = 10
    FTP = 11
    NTP = 12
    AUDIT = 13
    ALERT = 14
    CRON = 15
    LOCAL0 = 16
    LOCAL1 = 17
    LOCAL2 = 18
    LOCAL3 = 19
    LOCAL4 = 20
    LOCAL5 = 21
    LOCAL6 = 22
    LOCAL7 = 23


@dataclass(frozen=True, slots=True)
class Line:
    """One message; an absent part is empty.  `timestamp` stays as it was written."""

    facility: Facility
    severity: Severity
    text: str
    timestamp: str = ""
    host: str = ""
    app: str = ""
    process: str = ""
    message_id: str = ""
    structured_data: str = ""


_PRIORITY = re.compile(rb"<([0-9]{1,3})>")
_SD = r'-|(?:\[[^ =\]"]+(?: [^ =\]"]+="(?:[^"\\\]]|\\.)*")*\])+'
_STRUCTURED_DATA = re.compile(_SD, re.DOTALL)
_SPACE = re.compile(r"\s")
_RFC5424 = re.compile(
    rf"1 (?P<timestamp>\S+) (?P<host>\S+) (?P<app>\S+) (?P<process>\S+) (?P<message_id>\S+)"
    rf" (?P<structured_data>{_SD})(?: (?P<text>.*))?",
    re.DOTALL,
)
_STAMP = re.compile(
    r"(?P<timestamp>(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r" [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}) "
)
_TAG = re.compile(r"(?P<app>[0-9A-Za-z_./-]{1,48})(?:\[(?P<process>[^\]\s]{1,32})\])?: ?")
_HOST = re.compile(r"(?P<host>[^\s:\[\]]{1,255}) ")


def decode(data: bytes) -> Line:
    """Read one datagram; text that is not UTF-8 is kept with replacement characters.

    Raises:
        Malformed: no priority, or one above 191.
    """
    found = _PRIORITY.match(data)
    if found is None:
        raise Malformed("no syslog priority")
    priority = int(found[1])
    if priority > 191:
        raise Malformed(f"{priority} is no syslog priority")
    facility, severity = Facility(priority // 8), Severity(priority % 8)
    body = data[found.end() :].decode(errors="replace").rstrip("\0\r\n")
    modern = _RFC5424.fullmatch(body)
    if modern is not None:
        parts = {
            name: "" if value in {None, "-"} else value
            for name, value in modern.groupdict().items()
        }
        parts["text"] = (modern["text"] or "").removeprefix("\ufeff")  # §6.4: a BOM says UTF-8
        return Line(facility, severity, **parts)
    return _legacy(facility, severity, body)


def _legacy(facility: Facility, severity: Severity, body: str) -> Line:
    timestamp = host = app = process = ""
    stamp = _STAMP.match(body)
    if stamp:
        timestamp, body = stamp["timestamp"], body[stamp.end() :]
        # A host is only looked for behind a time, and only where a tag follows it: without
        # that "eth0 link: up" would come from a host named eth0.
        named = _HOST.match(body)
        if named and _TAG.match(body, named.end()):
            host, body = named["host"], body[named.end() :]
    tag = _TAG.match(body)
    if tag:
        app, process, body = tag["app"], tag["process"] or "", body[tag.end() :]
    return Line(facility, severity, body, timestamp, host, app, process)


def encode(line: Line) -> bytes:
    """Write one line in the form of RFC 5424, absent parts as ``-``.

    Raises:
        ValueError: a part holds white space, or the structured data is none.
    """
    priority = line.facility * 8 + line.severity
    parts = (line.timestamp, line.host, line.app, line.process, line.message_id)
    if any(_SPACE.search(part) for part in parts):
        raise ValueError("a part of a syslog header cannot hold white space")
    if line.structured_data and not _STRUCTURED_DATA.fullmatch(line.structured_data):
        raise ValueError(f"{line.structured_data!r} is not structured data")
    head = " ".join(part or "-" for part in (*parts, line.structured_data))
    text = f" {line.text}" if line.text else ""
    return f"<{priority}>1 {head}{text}".encode()
