"""The log: what clients ask for and do well without is not worth an operator's eye."""

import io
import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boots.journal import events
from boots.journal.events import AnyEvent, Entry
from boots.journal.log import LogSink


def level_of(name: str, why: str) -> str:
    event = events.FetchRefused(mac="", peer="192.168.1.10:1", door="tftp", name=name, why=why)
    stream = io.StringIO()
    LogSink("json", "debug", 0, lambda _tell: None, stream).write([Entry(0.0, event)])
    return str(json.loads(stream.getvalue())["level"])


@pytest.mark.parametrize(
    "name",
    [
        "revocations.efi",
        "revocations_sbat.efi",
        "shim_certificate_0.efi",
        "grub/x86_64-efi/command.lst",
        "grub/grub.cfg-01-52-54-00-12-34-56",
        "pxelinux.cfg/C0A8010A",
        "12345678/recovery.elf",
    ],
)
def test_what_loaders_ask_for_in_vain_is_for_debugging(name: str) -> None:
    assert "debug" == level_of(name, f'there is no file "{name}"')


@pytest.mark.parametrize("name", ["undionly.kpxe", "osie/vmlinuz-x86_64", "grubx64.efi"])
def test_a_file_that_a_boot_needs_is_missed_aloud(name: str) -> None:
    assert "info" == level_of(name, f'there is no file "{name}"')


def test_what_is_refused_for_another_reason_is_told() -> None:
    assert "info" == level_of("grub/x86_64-efi/fs.lst", "netboot is off for this machine")


# --- a storm


class Storm:
    """A log at most `lines` long in a second, and what it asked to be called later."""

    def __init__(self, lines: int, level: str = "info") -> None:
        self.stream = io.StringIO()
        self.asked: list[Callable[[], None]] = []
        self.sink = LogSink("json", level, lines, self.asked.append, self.stream)

    def tell(self, *told: AnyEvent, at: float = 100.0) -> None:
        self.sink.write([Entry(at, event) for event in told])

    def said(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def names(self) -> list[object]:
        return [line["event"] for line in self.said()]


STARTED = events.ConsoleLine(mac="", peer="p", severity="info", source="s", text="t")
NAK = events.NakSent(mac="", interface="lan0", why="w")
SEEN = events.AdvertisementSent(mac="", interface="lan0")  # for debugging


def test_beyond_the_bound_events_are_counted_and_told_by_one_line() -> None:
    storm = Storm(2)
    storm.tell(*[STARTED] * 4, events.ServerStopped(why="w"))
    storm.tell(*[STARTED] * 1000)
    assert ["ConsoleLine", "ConsoleLine"] == storm.names()

    [tell] = storm.asked
    tell()

    last = storm.said()[-1]
    assert ("LinesLeftOut", "info", 1003) == (last["event"], last["level"], last["lines"])
    assert "1002 ConsoleLine, 1 ServerStopped" == last["of"]
    assert 3 == len(storm.said())


def test_the_next_second_has_room_again_and_a_line_of_its_own() -> None:
    storm = Storm(1)
    storm.tell(STARTED, STARTED)
    storm.asked.pop()()
    storm.tell(STARTED, STARTED, STARTED, at=101.0)
    storm.asked.pop()()
    assert ["ConsoleLine", "LinesLeftOut"] * 2 == storm.names()
    assert [1, 2] == [line["lines"] for line in storm.said() if "lines" in line]


def test_warnings_are_not_lost_among_what_is_not_one() -> None:
    storm = Storm(2)
    storm.tell(*[STARTED] * 50, NAK, NAK, NAK, *[STARTED] * 50)
    storm.sink.close()
    assert ["ConsoleLine"] * 2 + ["NakSent"] * 2 + ["LinesLeftOut"] * 2 == storm.names()
    assert [("info", 98), ("warning", 1)] == [
        (line["level"], line["lines"]) for line in storm.said()[-2:]
    ]


def test_what_is_not_logged_at_all_takes_no_room_and_is_not_told() -> None:
    storm = Storm(2)
    storm.tell(*[SEEN] * 50, STARTED, STARTED)
    storm.sink.close()
    assert ([], ["ConsoleLine", "ConsoleLine"]) == (storm.asked, storm.names())


def test_closing_tells_what_was_left_out() -> None:
    storm = Storm(1, "debug")
    storm.tell(SEEN, SEEN)
    storm.sink.close()
    storm.asked.pop()()  # too late: it was told
    assert ["AdvertisementSent", "LinesLeftOut"] == storm.names()


def test_what_was_left_out_is_told_at_the_time_of_the_last_line_that_was() -> None:
    storm = Storm(1)
    storm.tell(STARTED, STARTED)
    storm.sink.write([Entry(100.0, STARTED), Entry(100.5, SEEN)])
    storm.sink.close()
    assert "1970-01-01T00:01:40Z" == storm.said()[-1]["timestamp"]


_times = st.sampled_from((100.0, 100.5, 101.0))
_told = st.lists(st.tuples(st.sampled_from((STARTED, STARTED, STARTED, NAK, SEEN)), _times))


@settings(database=None, max_examples=200)
@given(_told, st.integers(1, 9), st.integers(1, 3))
def test_a_batch_is_bound_as_its_entries_one_by_one_are(
    told: list[tuple[AnyEvent, float]], size: int, lines: int
) -> None:
    whole, single = Storm(lines), Storm(lines)
    entries = [Entry(at, event) for event, at in sorted(told, key=lambda each: each[1])]
    for begin in range(0, len(entries), size):
        whole.sink.write(entries[begin : begin + size])
    for entry in entries:
        single.sink.write([entry])
    whole.sink.close()
    single.sink.close()
    assert single.said() == whole.said()


def test_a_log_without_a_bound_has_everything() -> None:
    storm = Storm(0)
    storm.tell(*[STARTED] * 5000)
    assert (5000, []) == (len(storm.said()), storm.asked)


def test_a_batch_is_written_at_once() -> None:
    class Counted(io.StringIO):
        writes = 0

        def write(self, text: str) -> int:
            self.writes += 1
            return super().write(text)

    stream = Counted()
    LogSink("console", "info", 0, lambda _tell: None, stream).write([Entry(1.0, STARTED)] * 100)
    assert (1, 100) == (stream.writes, len(stream.getvalue().splitlines()))
