"""What each door may have where few files may be open."""

import pytest

from boots.app.descriptors import Shares, shares


def test_with_many_files_nothing_is_less() -> None:
    assert Shares() == shares(65_536, 1, 4096, secure=True)


@pytest.mark.parametrize("files", [160, 1024, 4096])
@pytest.mark.parametrize("interfaces", [1, 2, 4])
@pytest.mark.parametrize("secure", [False, True])
def test_clients_leave_the_server_what_it_needs_itself(
    files: int, interfaces: int, secure: bool
) -> None:
    found = shares(files, interfaces, 4096, secure=secure)
    doors = 2 if secure else 1
    # A quarter of the transfers once more is put aside; each connection may have a file.
    taken = interfaces * (found.transfers * 5 // 4 + 2 * doors * found.connections)
    least = interfaces * (8 * 5 // 4 + 2 * doors * 8)
    assert taken <= max(files - 64, least)


def test_there_is_something_for_everybody_where_there_is_next_to_nothing() -> None:
    assert (8, 8) == shares(64, 1, 4096, secure=True)


def test_the_setting_counts_where_it_asks_for_less() -> None:
    assert 3 == shares(64, 1, 3, secure=True).connections
    assert 100 == shares(65_536, 1, 100, secure=True).connections
