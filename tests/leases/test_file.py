"""The file of leases: what outlives us, what is forgiven, and what is not."""

import errno
import os
import stat
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from boots.leases.entry import Block, Entry, Lease
from boots.leases.file import LeaseFile, LeasesError, read
from boots.model.mac import Mac

MAC = Mac("52:54:00:00:00:01")
LEASE = Lease(address=IPv4Address("10.0.0.5"), mac=MAC, since=1.5, until=100.0)
BLOCK = Block(address=IPv4Address("10.0.0.6"), until=50.0, why="somebody uses it")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "leases"


def written(path: Path, *entries: Entry) -> None:
    file = LeaseFile(path)
    file.write(entries)
    file.close()


def test_what_is_written_is_read(path: Path) -> None:
    written(path, LEASE, BLOCK)

    assert read(path).entries == (LEASE, BLOCK)


def test_a_line_can_be_read_by_people(path: Path) -> None:
    written(path, LEASE)

    assert path.read_text() == (
        '{"is":"lease","address":"10.0.0.5","mac":"52:54:00:00:00:01","since":1.5,"until":100.0}\n'
    )


def test_a_file_that_is_not_there_holds_nothing(path: Path) -> None:
    assert read(path).entries == ()


def test_only_we_may_read_it(path: Path) -> None:
    written(path, LEASE)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_torn_last_line_is_left_out(path: Path) -> None:
    written(path, LEASE, BLOCK)
    path.write_bytes(path.read_bytes()[:-3])

    found = read(path)
    assert (found.entries, found.torn) == ((LEASE,), True)


def test_a_line_that_says_nothing_is_named(path: Path) -> None:
    written(path, LEASE)
    with path.open("ab") as file:
        file.write(b'\0\0\0\n{"is":"lease"}\n')
    written(path, BLOCK)

    found = read(path)
    assert (found.entries, found.unreadable) == ((LEASE, BLOCK), (2, 3))


def test_a_file_of_something_else_is_refused_with_advice(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"\x7fELF\n\n")

    with pytest.raises(LeasesError, match="restore it from a backup, or move it away"):
        read(path)


def test_two_servers_do_not_share_a_file(path: Path) -> None:
    first = LeaseFile(path)

    with pytest.raises(LeasesError, match="another server uses it"):
        LeaseFile(path)
    first.close()
    LeaseFile(path).close()


def test_a_folder_that_cannot_be_made_says_why(path: Path) -> None:
    path.parent.write_bytes(b"")

    with pytest.raises(LeasesError, match="cannot be written: "):
        LeaseFile(path)


def test_what_the_disk_takes_in_part_is_taken_back(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = LeaseFile(path)
    file.write([LEASE])
    whole = os.write
    parts = iter([10])

    def full(target: int, data: bytes) -> int:
        for size in parts:
            return whole(target, data[:size])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space left"):
            file.write([BLOCK])
    file.write([BLOCK])
    file.close()

    assert read(path).entries == (LEASE, BLOCK)
    assert not read(path).unreadable


def test_made_anew_it_holds_what_was_written_meanwhile(path: Path) -> None:
    file = LeaseFile(path)
    for _ in range(5):
        file.write([LEASE])
    file.begin_anew()
    other = file.write_anew([LEASE])
    file.write([BLOCK])
    file.finish_anew(other, 1)
    file.write([LEASE])
    file.close()

    assert read(path).entries == (LEASE, BLOCK, LEASE)
    assert [each.name for each in path.parent.iterdir()] == ["leases"]


def test_made_anew_it_is_still_ours_alone(path: Path) -> None:
    file = LeaseFile(path)
    file.anew([LEASE])

    with pytest.raises(LeasesError, match="another server uses it"):
        LeaseFile(path)
    file.close()


def test_a_file_made_anew_in_vain_leaves_the_old_one(path: Path) -> None:
    file = LeaseFile(path)
    file.write([LEASE])
    path.with_name("leases.new").mkdir()

    with pytest.raises(LeasesError, match="cannot be written"):
        file.anew([LEASE])
    file.write([BLOCK])
    file.close()
    assert read(path).entries == (LEASE, BLOCK)


def test_it_says_when_most_of_it_is_of_the_past(path: Path) -> None:
    file = LeaseFile(path)
    file.write([LEASE] * 1000)
    assert not file.has_grown(1)
    file.write([LEASE] * 3)
    assert file.has_grown(1)
    file.anew([LEASE])
    assert not file.has_grown(1)
    file.close()
