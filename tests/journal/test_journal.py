"""The journal: batches, and sinks that may fail without the service noticing."""

import errno
import io
import json
import resource
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

from boots.journal import events
from boots.journal.events import AnyEvent, Entry
from boots.journal.file import FileSink
from boots.journal.journal import Journal, Sink
from boots.journal.log import LogSink


class Kept:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.batches: list[list[Entry]] = []
        self.closed = False

    def write(self, entries: Sequence[Entry]) -> None:
        self.batches.append(list(entries))

    def close(self) -> None:
        self.closed = True


class Later:
    """A loop that runs what it was asked to when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def __call__(self, run: Callable[[], None]) -> None:
        self.waiting.append(run)

    def go(self) -> None:
        waiting, self.waiting = self.waiting, []
        for run in waiting:
            run()


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def stopped(why: str) -> AnyEvent:
    return events.ServerStopped(why=why)


def line(**changes: str) -> AnyEvent:
    plain = {"mac": "52:54:00:12:34:56", "peer": "192.168.1.10:514", "severity": "INFO"}
    return events.ConsoleLine(**{**plain, "source": "ipxe", "text": "hello", **changes})


# --- batches


def test_events_are_handed_on_in_one_batch_in_their_order() -> None:
    kept, later = Kept(), Later()
    journal = Journal([kept], iter((1.0, 2.0, 3.0)).__next__, later)
    for why in "abc":
        journal.record(stopped(why))
    assert [] == kept.batches
    later.go()
    assert [[Entry(1.0, stopped("a")), Entry(2.0, stopped("b")), Entry(3.0, stopped("c"))]] == (
        kept.batches
    )


def test_one_flush_is_asked_for_each_batch() -> None:
    kept, later = Kept(), Later()
    journal = Journal([kept], lambda: 1.0, later)
    journal.record(stopped("a"))
    journal.record(stopped("b"))
    assert 1 == len(later.waiting)
    later.go()
    journal.record(stopped("c"))
    assert 1 == len(later.waiting)
    later.go()
    assert [2, 1] == [len(batch) for batch in kept.batches]


def test_every_sink_gets_everything() -> None:
    one, two, later = Kept(), Kept(), Later()
    Journal([one, two], lambda: 1.0, later).record(stopped("a"))
    later.go()
    assert one.batches == two.batches != []


def test_an_event_recorded_while_flushing_is_in_the_next_batch() -> None:
    later = Later()

    class Talkative(Kept):
        def write(self, entries: Sequence[Entry]) -> None:
            super().write(entries)
            if len(self.batches) == 1:
                journal.record(stopped("b"))

    kept = Talkative()
    journal = Journal([kept], lambda: 1.0, later)
    journal.record(stopped("a"))
    later.go()
    later.go()
    assert [[Entry(1.0, stopped("a"))], [Entry(1.0, stopped("b"))]] == kept.batches


def test_a_large_batch_does_not_wait() -> None:
    kept, later = Kept(), Later()
    journal = Journal([kept], lambda: 1.0, later)
    for number in range(600):
        journal.record(stopped(str(number)))
    assert [32] * 18 == [len(batch) for batch in kept.batches]
    assert 1 == len(later.waiting)
    later.go()
    told = [entry.event for batch in kept.batches for entry in batch]
    assert [stopped(str(number)) for number in range(600)] == told


def test_after_a_large_batch_a_flush_is_asked_for_again() -> None:
    kept, later = Kept(), Later()
    journal = Journal([kept], lambda: 1.0, later)
    for _ in range(32):
        journal.record(stopped("a"))
    later.go()
    journal.record(stopped("b"))
    later.go()
    assert [32, 1] == [len(batch) for batch in kept.batches]


def test_with_nothing_to_tell_no_sink_is_bothered() -> None:
    kept = Kept()
    Journal([kept], lambda: 1.0, Later()).flush()
    assert [] == kept.batches


def test_closing_hands_on_what_waits() -> None:
    kept = Kept()
    journal = Journal([kept], lambda: 1.0, Later())
    journal.record(stopped("a"))
    journal.close()
    assert ([[Entry(1.0, stopped("a"))]], True) == (kept.batches, kept.closed)


def test_what_is_told_after_the_end_is_heard_by_nobody() -> None:
    """A thread that ends last may tell how it went."""
    kept, later = Kept(), Later()
    journal = Journal([kept], lambda: 1.0, later)
    journal.close()
    journal.record(stopped("a"))
    later.go()
    assert [] == kept.batches


# --- the file


def read(path: Path) -> list[Entry]:
    return [events.decode(raw) for raw in path.read_bytes().splitlines()]


def test_a_file_holds_one_entry_a_line_and_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    for number in (1.0, 2.0):
        sink = FileSink(path, [].append)
        sink.write([Entry(number, stopped("a")), Entry(number, line(text="two\nlines"))])
        sink.close()
    assert [1.0, 1.0, 2.0, 2.0] == [entry.at for entry in read(path)]
    assert line(text="two\nlines") == read(path)[3].event


def test_a_full_disk_costs_entries_and_is_told_once() -> None:
    told: list[AnyEvent] = []
    sink = FileSink(Path("/dev/full"), told.append)
    for _ in range(3):
        sink.write([Entry(1.0, stopped("a"))])
    sink.close()
    assert [events.StoreTroubled(why="the journal /dev/full: the disk is full")] == told


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_line_that_the_disk_cut_off_spoils_no_other(tmp_path: Path) -> None:
    told: list[AnyEvent] = []
    path = tmp_path / "journal.jsonl"
    sink = FileSink(path, told.append)
    with files_no_larger_than(20):
        sink.write([Entry(1.0, stopped("the disk fills up"))])
        sink.write([Entry(2.0, stopped("it is full"))])
    sink.write([Entry(3.0, stopped("there is room again"))])
    sink.write([Entry(4.0, stopped("and on"))])
    sink.close()
    cut, *rest = path.read_bytes().splitlines()
    assert events.encode(Entry(1.0, stopped("the disk fills up")))[:20] == cut
    assert [3.0, 4.0] == [events.decode(each).at for each in rest]
    assert [events.StoreTroubled] == [type(each) for each in told]


def test_when_the_file_takes_entries_again_it_is_told_how_many_are_lost(tmp_path: Path) -> None:
    told: list[AnyEvent] = []
    entries = [Entry(1.0, stopped("a")), Entry(1.0, stopped("b")), Entry(1.0, stopped("c"))]
    room = len(events.encode(entries[0])) + 3
    sink = FileSink(tmp_path / "journal.jsonl", told.append)
    with files_no_larger_than(room):
        sink.write(entries)  # one of three fits
        sink.write(entries[:2])
    sink.write([Entry(7.0, stopped("d"))])
    sink.write([Entry(8.0, stopped("e"))])
    sink.close()
    trouble, recovery = told
    assert isinstance(trouble, events.StoreTroubled)
    assert events.StoreRecovered(lost=4) == recovery


def test_a_disk_that_takes_an_entry_now_and_then_is_one_trouble(tmp_path: Path) -> None:
    told: list[AnyEvent] = []
    path = tmp_path / "journal.jsonl"
    sink = FileSink(path, told.append)
    for number in range(20):
        with files_no_larger_than(0):
            sink.write([Entry(number, stopped("a"))])
        sink.write([Entry(number + 0.5, stopped("b"))])
        path.write_bytes(b"")
    assert [events.StoreTroubled] == [type(each) for each in told]
    sink.write([Entry(30.0, stopped("c"))])
    sink.close()
    assert events.StoreRecovered(lost=20) == told[-1]


def test_after_a_full_disk_the_next_is_told_of_again(tmp_path: Path) -> None:
    told: list[AnyEvent] = []
    path = tmp_path / "journal.jsonl"
    sink = FileSink(path, told.append)
    for at in (0.0, 100.0):
        with files_no_larger_than(0):
            sink.write([Entry(at, stopped("a"))])
        sink.write([Entry(at + 50, stopped("b"))])
        path.write_bytes(b"")
    sink.close()
    assert [events.StoreTroubled, events.StoreRecovered] * 2 == [type(each) for each in told]


def test_the_journal_whose_file_fails_hears_of_it_itself(tmp_path: Path) -> None:
    kept = Kept()
    waiting: list[Callable[[], None]] = []
    sinks: list[Sink] = [kept]
    journal = Journal(sinks, lambda: 1.0, waiting.append)
    sinks.append(FileSink(Path("/dev/full"), journal.record))
    for _ in range(1000):
        journal.record(stopped("a"))
    journal.close()
    told = [entry.event for batch in kept.batches for entry in batch]
    assert 1000 == told.count(stopped("a"))
    assert 1 == sum(isinstance(event, events.StoreTroubled) for event in told)


# --- the log


def logged(event: AnyEvent, form: str = "json", level: str = "debug") -> list[str]:
    stream = io.StringIO()
    LogSink(form, level, 0, Later(), stream).write([Entry(1.0, event)])
    return stream.getvalue().splitlines()


def test_a_line_has_the_event_s_name_level_and_fields() -> None:
    [said] = map(json.loads, logged(line()))
    assert said.pop("timestamp")
    assert {
        "event": "ConsoleLine",
        "level": "info",
        "mac": "52:54:00:12:34:56",
        "peer": "192.168.1.10:514",
        "severity": "INFO",
        "source": "ipxe",
        "text": "hello",
    } == said


def test_people_read_fields_as_key_and_value() -> None:
    [said] = logged(stopped("SIGTERM"), "console")
    assert said.endswith("ServerStopped      why=SIGTERM")


@pytest.mark.parametrize("form", ["console", "json"])
def test_what_a_machine_says_cannot_make_a_second_line(form: str) -> None:
    [said] = logged(line(text="a\nServerStopped why=lies\x1b[2J"), form)
    assert "\x1b" not in said


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("control", ["\x1b[2J", "\b\b", "\x0b", "\x9b2J", "\u202e", "\0"])
def test_what_a_machine_says_cannot_move_the_cursor(form: str, control: str) -> None:
    [said] = logged(line(text=f"a{control}b"), form)
    assert control not in said
    assert said.isprintable()


def test_empty_fields_and_long_ones_are_left_out() -> None:
    served = events.ScriptServed(mac="", peer="p", door="http", profile="osie", script="#!ipxe\n")
    [said] = map(json.loads, logged(served))
    assert {"event", "level", "timestamp", "peer", "door", "profile"} == set(said)


def foreign(*, expected: bool) -> AnyEvent:
    return events.ForeignServerSeen(
        mac="52:54:00:12:34:56",
        interface="eth0",
        server="192.168.1.1",
        address="192.168.1.77",
        boot_file="",
        reply="OFFER",
        expected=expected,
    )


LEVELS = {
    foreign(expected=False): "warning",
    foreign(expected=True): "info",
    events.StoreTroubled(why="w"): "error",
    events.StoreRecovered(lost=3): "info",
    events.DhcpIgnored(mac="", interface="eth0", message="RELEASE", why="w"): "debug",
    events.NakSent(mac="", interface="eth0", why="w"): "warning",
    events.SettingsRefused(why="w"): "error",
    events.ServerStopped(why="w"): "info",
}


@pytest.mark.parametrize(("event", "level"), LEVELS.items())
def test_how_loud_an_event_is(event: AnyEvent, level: str) -> None:
    [said] = map(json.loads, logged(event))
    assert level == said["level"]


def test_what_is_below_the_level_is_not_written() -> None:
    assert [] == logged(line(), level="warning")


class Full(io.StringIO):
    """Standard error on a disk that is full."""

    def write(self, _text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_log_that_cannot_be_written_stops_nobody() -> None:
    kept = Kept()
    full = LogSink("json", "info", 0, Later(), Full())
    Journal([full, kept], lambda: 1.0, lambda flush: flush()).record(line())
    assert [[Entry(1.0, line())]] == kept.batches
