"""The journal's file: who may read it, and that one odd event costs no other."""

import stat
from pathlib import Path

from boots.journal import events
from boots.journal.events import Entry
from boots.journal.file import FileSink


def test_only_the_server_and_its_group_may_read_it(tmp_path: Path) -> None:
    """Scripts and kernel command lines in it may hold the token of a machine's metadata."""
    FileSink(tmp_path / "journal", [].append).close()
    assert 0o640 == stat.S_IMODE((tmp_path / "journal").stat().st_mode) | 0o040
    assert not stat.S_IMODE((tmp_path / "journal").stat().st_mode) & 0o007


def test_an_event_that_cannot_be_written_costs_no_other(tmp_path: Path) -> None:
    """The name of a file that is not UTF-8, in a fault of its records."""
    sink = FileSink(tmp_path / "journal", [].append)
    odd = events.RecordsRefused(faults=["/m/\udcff.yaml: not YAML"])
    good = events.ServerStopped(why="SIGTERM")
    sink.write([Entry(1.0, good), Entry(2.0, odd), Entry(3.0, good)])
    sink.close()
    lines = (tmp_path / "journal").read_bytes().splitlines()
    assert [good, good] == [events.decode(line).event for line in lines]


def stopped(sink: FileSink, at: float) -> None:
    sink.write([Entry(at, events.ServerStopped(why=str(at)))])


def told_in(path: Path) -> list[float]:
    return [events.decode(line).at for line in path.read_bytes().splitlines()]


def test_a_file_that_is_moved_away_is_begun_anew_under_its_name(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    sink = FileSink(path, [].append)
    stopped(sink, 100.0)
    path.rename(tmp_path / "journal.1")
    stopped(sink, 100.5)  # it looks once in a second
    stopped(sink, 101.5)
    assert [[100.0, 100.5], [101.5]] == [told_in(tmp_path / "journal.1"), told_in(path)]
    path.unlink()
    stopped(sink, 50.0)  # and when the clock goes back
    assert [50.0] == told_in(path)
    sink.close()


def test_where_it_cannot_be_begun_anew_it_goes_on_in_the_old_one(tmp_path: Path) -> None:
    place = tmp_path / "log"
    place.mkdir()
    told: list[events.AnyEvent] = []
    sink = FileSink(place / "journal", told.append)
    stopped(sink, 100.0)
    place.rename(tmp_path / "elsewhere")
    stopped(sink, 200.0)
    sink.close()
    assert [100.0, 200.0] == told_in(tmp_path / "elsewhere" / "journal")
    assert [] == told
