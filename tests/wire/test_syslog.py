"""Syslog: the examples of RFC 3164 and RFC 5424, and the lines that machines really send."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import strategies

from boots.wire import syslog
from boots.wire.malformed import Malformed
from boots.wire.syslog import Facility, Line, Severity

quick = settings(database=None, max_examples=100)

LEGACY = {
    "RFC 3164 §5.4, example 1": (
        b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
        Line(
            Facility.AUTH,
            Severity.CRITICAL,
            "'su root' failed for lonvick on /dev/pts/8",
            timestamp="Oct 11 22:14:15",
            host="mymachine",
            app="su",
        ),
    ),
    "RFC 3164 §5.4, example 2, relayed": (
        b"<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!",
        Line(
            Facility.USER,
            Severity.NOTICE,
            "10.0.0.99 Use the BFG!",
            timestamp="Feb  5 17:32:18",
        ),
    ),
    "RFC 3164 §5.4, example 3": (
        b"<165>Aug 24 05:34:00 CST 1987 mymachine myproc[10]: %% It's time",
        Line(
            Facility.LOCAL4,
            Severity.NOTICE,
            "CST 1987 mymachine myproc[10]: %% It's time",
            timestamp="Aug 24 05:34:00",
        ),
    ),
    "RFC 3164 §5.4, example 4": (
        b"<0>1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All",
        Line(
            Facility.KERN,
            Severity.EMERGENCY,
            "1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All",
        ),
    ),
    "iPXE": (
        b"<14>ipxe: net0: link up",
        Line(Facility.USER, Severity.INFO, "net0: link up", app="ipxe"),
    ),
    "busybox": (
        b"<11>Nov 22 16:04:25 boots: hello\n",
        Line(Facility.USER, Severity.ERROR, "hello", timestamp="Nov 22 16:04:25", app="boots"),
    ),
    "a process": (
        b"<30>Nov 22 16:04:25 node dockerd[321]: ready",
        Line(
            Facility.DAEMON,
            Severity.INFO,
            "ready",
            timestamp="Nov 22 16:04:25",
            host="node",
            app="dockerd",
            process="321",
        ),
    ),
    "a colon in the text": (
        b"<6>Nov 22 16:04:25 eth0 link: up",
        Line(
            Facility.KERN,
            Severity.INFO,
            "up",
            timestamp="Nov 22 16:04:25",
            host="eth0",
            app="link",
        ),
    ),
    "no tag": (b"<6>link is up", Line(Facility.KERN, Severity.INFO, "link is up")),
    "nothing but a priority": (b"<191>", Line(Facility.LOCAL7, Severity.DEBUG, "")),
}

MODERN = {
    "RFC 5424 §6.5, example 1": (
        (
            "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - "
            "\ufeff'su root' failed for lonvick on /dev/pts/8"
        ),
        Line(
            Facility.AUTH,
            Severity.CRITICAL,
            "'su root' failed for lonvick on /dev/pts/8",
            timestamp="2003-10-11T22:14:15.003Z",
            host="mymachine.example.com",
            app="su",
            message_id="ID47",
        ),
    ),
    "RFC 5424 §6.5, example 2": (
        (
            "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - "
            "%% It's time to make the do-nuts."
        ),
        Line(
            Facility.LOCAL4,
            Severity.NOTICE,
            "%% It's time to make the do-nuts.",
            timestamp="2003-08-24T05:14:15.000003-07:00",
            host="192.0.2.1",
            app="myproc",
            process="8710",
        ),
    ),
    "RFC 5424 §6.5, example 3": (
        (
            "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 "
            '[exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"] '
            "\ufeffAn application event log entry..."
        ),
        Line(
            Facility.LOCAL4,
            Severity.NOTICE,
            "An application event log entry...",
            timestamp="2003-10-11T22:14:15.003Z",
            host="mymachine.example.com",
            app="evntslog",
            message_id="ID47",
            structured_data='[exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"]',
        ),
    ),
    "RFC 5424 §6.5, example 4": (
        (
            "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 "
            '[exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"]'
            '[examplePriority@32473 class="high"]'
        ),
        Line(
            Facility.LOCAL4,
            Severity.NOTICE,
            "",
            timestamp="2003-10-11T22:14:15.003Z",
            host="mymachine.example.com",
            app="evntslog",
            message_id="ID47",
            structured_data='[exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"]'
            '[examplePriority@32473 class="high"]',
        ),
    ),
    "nothing but absent parts": ("<0>1 - - - - - -", Line(Facility.KERN, Severity.EMERGENCY, "")),
    "escapes in structured data (§6.3.3)": (
        r'<14>1 - - - - - [a b="\"\\\]"] text',
        Line(Facility.USER, Severity.INFO, "text", structured_data=r'[a b="\"\\\]"]'),
    ),
}


@pytest.mark.parametrize(("raw", "line"), LEGACY.values(), ids=LEGACY)
def test_a_legacy_line_is_read(raw: bytes, line: Line) -> None:
    assert line == syslog.decode(raw)


@pytest.mark.parametrize(("raw", "line"), MODERN.values(), ids=MODERN)
def test_a_line_of_rfc_5424_is_read_and_written(raw: str, line: Line) -> None:
    assert line == syslog.decode(raw.encode())
    assert raw.replace("\ufeff", "").encode() == syslog.encode(line)


@pytest.mark.parametrize(
    "body", ["1 - - - - -", "1 - - - - - [a b]", "1 - - - - - [a b=c] x", "2 - - - - - - x"]
)
def test_what_is_not_quite_rfc_5424_is_text(body: str) -> None:
    assert Line(Facility.USER, Severity.INFO, body) == syslog.decode(f"<14>{body}".encode())


def test_line_ends_and_nuls_are_cut_off() -> None:
    assert syslog.decode(b"<14>ready\r\n\0").text == "ready"


def test_text_that_is_not_utf8_is_kept() -> None:
    assert syslog.decode(b"<14>n\xf6de").text == "n\ufffdde"


@pytest.mark.parametrize(
    "raw", [b"", b"text", b"<>text", b"<14", b"<x>", b"<192>x", b"<999>x", b"<0014>x", b" <14>x"]
)
def test_without_a_priority_a_line_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        syslog.decode(raw)


@pytest.mark.parametrize("priority", [0, 191])
def test_the_priority_is_facility_times_8_plus_severity(priority: int) -> None:
    line = syslog.decode(f"<{priority}>x".encode())
    assert priority == line.facility * 8 + line.severity


@pytest.mark.parametrize("part", ["timestamp", "host", "app", "process", "message_id"])
def test_a_part_with_white_space_is_not_written(part: str) -> None:
    line = Line(Facility.USER, Severity.INFO, "", **{part: "Nov 22 16:04:25"})
    with pytest.raises(ValueError, match="white space"):
        syslog.encode(line)


@pytest.mark.parametrize("data", ["-x", "[a b]", "[a] ", "text"])
def test_what_is_no_structured_data_is_not_written(data: str) -> None:
    with pytest.raises(ValueError, match="structured data"):
        syslog.encode(Line(Facility.USER, Severity.INFO, "", structured_data=data))


def test_a_part_that_is_a_dash_reads_as_absent() -> None:
    assert syslog.decode(syslog.encode(Line(Facility.USER, Severity.INFO, "", host="-"))).host == ""


# --- laws 5 and 6


@quick
@given(strategies.syslog_lines)
def test_a_line_survives(line: Line) -> None:
    assert line == syslog.decode(syslog.encode(line))


@quick
@given(
    st.binary(max_size=100)
    | st.binary(max_size=80).map(lambda rest: b"<14>" + rest)
    | st.text('1- []="\\ab:\n', max_size=60).map(lambda rest: f"<14>1 - - - - - {rest}".encode())
)
def test_any_bytes_are_read_or_malformed(raw: bytes) -> None:
    try:
        syslog.decode(raw)
    except Malformed:
        return


LONG = {
    "elements, then text that is none": b"1 - - - - - " + b'[a b="c"]' * 7_000 + b"x",
    "parameters without an end": b"1 - - - - - [a" + b' b="c"' * 10_000,
    "a value without an end": b'1 - - - - - [a b="' + b'\\"' * 30_000,
    "one word": b"1 " + b"a" * 64_000,
    "words": b"1 " + b"a " * 32_000,
    "a host without an end": b"Nov 22 16:04:25 " + b"a" * 64_000,
    "a tag without an end": b"Nov 22 16:04:25 a a[" + b"a" * 64_000,
    "spaces": b" " * 64_000,
}


@pytest.mark.parametrize("body", LONG.values(), ids=LONG)
def test_a_line_of_64_kilobytes_is_read_at_once(body: bytes) -> None:
    began = time.process_time()
    syslog.decode(b"<14>" + body)
    assert time.process_time() - began < 0.5
