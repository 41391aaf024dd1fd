"""Records, profiles and quirks on a bad day: half written, no files at all, in storms."""

import os
import random
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.faults.steady import Waits, steady
from tests.peers.conftest import RECORD, Boots, Lan, boots

from boots.journal import events

pytestmark = pytest.mark.peers

OTHER = "  - {name: two, mac: '52:54:00:70:00:11', address: 192.168.70.11/24}\n"
GOOD = RECORD + OTHER


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place: Path = tmp_path_factory.mktemp("spoilt") / "server"
    for name in ("profiles", "quirks"):
        (place / name).mkdir(parents=True)
    return place


@pytest.fixture(name="server", scope="module")
def _server(lan: Lan, folder: Path) -> Iterator[Boots]:
    own = {
        "BOOTS_BOOT_PROFILES": str(folder / "profiles"),
        "BOOTS_DHCP_QUIRKS": str(folder / "quirks"),
    }
    with boots(lan.server, folder, environment=own) as running:
        yield running


@pytest.fixture(name="machine", scope="module")
def _machine(lan: Lan, server: Boots) -> Iterator[Waits]:
    with steady(lan) as waits:
        yield waits
        print(f"spoilt records: {waits.said}")
        assert waits.longest < 1


def truncated(path: Path) -> None:
    path.write_text(GOOD[: len(GOOD) - 30])


def truncated_json(path: Path) -> None:
    path.with_suffix(".json").write_text('{"machines": [{"mac": "52:54')


def no_utf8(path: Path) -> None:
    path.write_bytes(b"machines:\n  - {name: \xff\xfe}\n")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def listening(path: Path) -> None:
    path.unlink()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))


def loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def nowhere(path: Path) -> None:
    path.unlink()
    path.symlink_to("nobody")


def folder_of_that_name(path: Path) -> None:
    path.unlink()
    path.mkdir()


def sparse(path: Path) -> None:
    os.truncate(path, 1 << 30)


def chance(path: Path) -> None:
    path.write_bytes(random.Random(7).randbytes(1 << 20))


def closed(path: Path) -> None:
    path.chmod(0)


def odd_name(path: Path) -> None:
    """Truncated, too, so that it must be told of."""
    place = path.rename(path.parent / os.fsdecode(b"\xff\xfe.yaml"))
    truncated(place)


REFUSED = (truncated, truncated_json, no_utf8, loop, nowhere, sparse, chance, closed, odd_name)
LEFT_OUT = (pipe, device, listening, folder_of_that_name)


def mend(folder: Path, server: Boots) -> None:
    """As it was; what was made beside it goes."""
    place = folder / "machines"
    for each in place.iterdir():
        each.rmdir() if each.is_dir() and not each.is_symlink() else each.unlink()
    server.mark()
    fresh = place.parent / "fresh"
    fresh.write_text(GOOD)
    fresh.rename(place / "machines.yaml")
    server.until(events.RecordsLoaded, machines=2, timeout=20)
    server.mark()


@pytest.mark.parametrize("spoil", REFUSED)
def test_records_that_cannot_be_read_are_refused_and_told(
    server: Boots, machine: Waits, folder: Path, spoil: Callable[[Path], None]
) -> None:
    mend(folder, server)
    spoil(folder / "machines" / "machines.yaml")
    assert server.until(events.RecordsRefused, timeout=20).faults
    machine.until(3)
    mend(folder, server)


@pytest.mark.parametrize("spoil", LEFT_OUT)
def test_what_is_no_file_holds_nobody_up(
    server: Boots, machine: Waits, folder: Path, spoil: Callable[[Path], None]
) -> None:
    """It is no record of anybody's, so the machines of the others are what there is."""
    mend(folder, server)
    (folder / "machines" / "beside.yaml").write_text(RECORD)
    (folder / "machines" / "beside.yaml").write_text("machines: []\n")
    spoil(folder / "machines" / "beside.yaml")
    (folder / "machines" / "machines.yaml").write_text(RECORD)
    server.until(events.RecordsLoaded, machines=1, timeout=20)
    machine.until(3)
    mend(folder, server)


@pytest.mark.parametrize("what", ["profiles", "quirks"])
def test_a_pipe_among_profiles_or_quirks_is_refused(
    server: Boots, machine: Waits, folder: Path, what: str
) -> None:
    mend(folder, server)
    odd = folder / what / "odd.yaml"
    os.mkfifo(odd)
    (fault,) = server.until(events.RecordsRefused, timeout=20).faults
    assert "it is no file" in fault
    machine.until(3)
    odd.unlink()
    mend(folder, server)


def test_an_editor_that_writes_slowly_in_place_is_read_to_its_end(
    server: Boots, machine: Waits, folder: Path
) -> None:
    mend(folder, server)
    before, machine.longest = machine.longest, 0.0
    with (folder / "machines" / "machines.yaml").open("w", buffering=1) as file:
        began = time.monotonic()
        for letter in GOOD:
            file.write(letter)
            file.flush()
            time.sleep(0.005)
        wrote = time.monotonic() - began
    server.until(events.RecordsLoaded, machines=2, timeout=20)
    machine.until(3)
    # Until its line stands there again the machine has no record, and so no answer.
    waited, machine.longest = machine.longest, before
    print(f"an editor wrote for {wrote:.2f} s: longest wait {waited:.2f} s")
    assert waited < wrote + 1


def storm(server: Boots, machine: Waits, folder: Path, times: int) -> None:
    place = folder / "machines" / "machines.yaml"
    fresh = folder / "fresh"
    server.mark()
    for number in range(times):
        fresh.write_text(RECORD + OTHER * (number % 2))
        fresh.rename(place)
    fresh.write_text(GOOD + "    kernel_args: [last]\n".replace("    ", "  # "))
    fresh.rename(place)
    server.until(events.RecordsLoaded, machines=2, timeout=30)
    machine.until(3)
    time.sleep(0.5)
    assert 2 == server.told(events.RecordsLoaded)[-1].machines
    assert [] == server.told(events.RecordsRefused)
    print(f"{times} saves: read {len(server.told(events.RecordsLoaded))} times")


def test_a_storm_of_saves_is_read_to_its_end(server: Boots, machine: Waits, folder: Path) -> None:
    mend(folder, server)
    storm(server, machine, folder, 300)


@pytest.mark.wide
def test_ten_thousand_saves_are_read_to_their_end(
    server: Boots, machine: Waits, folder: Path
) -> None:
    mend(folder, server)
    storm(server, machine, folder, 10_000)


def test_a_name_that_is_no_utf8_is_no_less_a_record(
    server: Boots, machine: Waits, folder: Path
) -> None:
    mend(folder, server)
    (folder / "machines" / "machines.yaml").write_text(RECORD)
    server.until(events.RecordsLoaded, machines=1, timeout=20)
    server.mark()
    other = RECORD.partition("  - ")[0] + OTHER
    (folder / "machines" / os.fsdecode(b"\xff.yaml")).write_text(other)
    server.until(events.RecordsLoaded, machines=2, timeout=20)
    machine.until(3)
    truncated(folder / "machines" / os.fsdecode(b"\xff.yaml"))
    (fault,) = server.until(events.RecordsRefused, timeout=20).faults
    assert "/machines/\\xff.yaml:" in fault
    mend(folder, server)


def test_a_folder_that_is_taken_away_keeps_the_last_good_records(
    server: Boots, machine: Waits, folder: Path
) -> None:
    mend(folder, server)
    (folder / "machines").rename(folder / "elsewhere")
    assert server.until(events.RecordsRefused, timeout=20).faults
    machine.until(3)
    (folder / "elsewhere").rename(folder / "machines")
    mend(folder, server)
