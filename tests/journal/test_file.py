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
