"""Signals in storms, a process that stands still, and nobody who reads what it says."""

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.faults.steady import steady
from tests.faults.story import made_ready
from tests.peers.conftest import RECORD, SERVER, Boots, Lan, boots, lan_with, need, run

from boots.journal import events

pytestmark = [pytest.mark.peers, pytest.mark.alone]

OTHER = "  - {name: two, mac: '52:54:00:70:00:11', address: 192.168.70.11/24}\n"


@pytest.fixture
def own() -> Iterator[Lan]:
    """Another network, for a server of a test's own."""
    with lan_with() as made:
        yield made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place: Path = tmp_path_factory.mktemp("signals") / "server"
    place.mkdir()
    place.chmod(0o777)  # the server, which is not root, begins its journal anew in it
    return place


@pytest.fixture(name="server", scope="module")
def _server(lan: Lan, folder: Path) -> Iterator[Boots]:
    """One server for all who leave it as it was; nobody listens where systemd should."""
    gone = {"NOTIFY_SOCKET": str(folder / "nobody")}
    with boots(lan.server, folder, environment=gone) as running:
        yield running


def storm_of_hups(lan: Lan, folder: Path, server: Boots, times: int) -> float:
    """So many SIGHUPs, a hundred a second, while records change; the longest wait in seconds."""
    records = folder / "machines" / "machines.yaml"
    server.mark()
    with steady(lan) as machine:
        machine.until(10)
        for number in range(times):
            if not number % 20:
                records.write_text(RECORD + OTHER * (number // 20 % 2))
            server.signal(signal.SIGHUP)
            time.sleep(0.01)
        records.write_text(RECORD + OTHER)
        server.signal(signal.SIGHUP)
        server.until(events.RecordsLoaded, machines=2)
        machine.until(10)
        time.sleep(0.5)  # what is read last counts
        assert 2 == server.told(events.RecordsLoaded)[-1].machines
        assert [] == server.told(events.RecordsRefused)
    print(f"{times} SIGHUPs: {machine.said}")
    return machine.longest


def test_a_storm_of_sighups_delays_no_answer(lan: Lan, folder: Path, server: Boots) -> None:
    assert storm_of_hups(lan, folder, server, 100) < 1


@pytest.mark.wide
def test_a_thousand_sighups_at_a_hundred_a_second_delay_no_answer(
    lan: Lan, folder: Path, server: Boots
) -> None:
    assert storm_of_hups(lan, folder, server, 1000) < 1


def script(lan: Lan) -> str:
    """What the machine is told to run now."""
    url = f"http://{SERVER.ip}:8080/auto.ipxe"
    return run(lan.client, need("curl"), "-s", "-m", "5", url).stdout


SPOILT = ("[boot", 'boot.kernel_args = "no list"', 'nobody = "knows this"', "\0", "loop = [")


@pytest.mark.parametrize("times", [60, pytest.param(1000, marks=pytest.mark.wide)])
def test_good_and_bad_settings_in_turn_end_with_the_last_good_ones(
    own: Lan, tmp_path: Path, times: int
) -> None:
    config = tmp_path / "boots.toml"
    config.write_text("")
    made_ready(tmp_path)
    with boots(own.server, tmp_path, "--config", config) as server, steady(own) as machine:
        for number in range(times):
            good = f"[boot]\nscript_patch = 'echo {number}'\n"
            config.write_text(SPOILT[number // 2 % len(SPOILT)] if number % 2 else good)
            server.signal(signal.SIGHUP)
            time.sleep(0.01)
        assert server.until(events.SettingsRefused)
        config.write_text("[boot]\nkernel_args = ['of-the-last-good-ones']\n")
        server.signal(signal.SIGHUP)
        time.sleep(0.5)
        server.mark()
        server.signal(signal.SIGHUP)
        server.until(events.RecordsLoaded)
        time.sleep(0.5)  # what is read last counts
        assert [] == server.told(events.SettingsRefused)
        assert "of-the-last-good-ones" in script(own)
        config.write_text(SPOILT[0])
        server.signal(signal.SIGHUP)
        assert server.until(events.SettingsRefused)
        assert "of-the-last-good-ones" in script(own)
        machine.until(10)
    print(f"\n  {times} SIGHUPs, settings good and bad in turn: {machine.said}")
    assert machine.longest < 1


@pytest.mark.parametrize(
    "after", [0.05, *(pytest.param(each, marks=pytest.mark.wide) for each in (0.0, 0.005, 0.2))]
)
def test_sigterm_in_the_middle_of_a_reload_ends_it_well(
    own: Lan, tmp_path: Path, after: float
) -> None:
    many = "".join(
        f"  - {{name: m{n}, mac: '52:54:01:00:{n >> 8:02x}:{n & 255:02x}'}}\n" for n in range(2000)
    )
    with boots(own.server, tmp_path) as server:
        (tmp_path / "machines" / "machines.yaml").write_text(RECORD + many)
        server.signal(signal.SIGHUP)
        time.sleep(after)
        began = time.monotonic()
        server.stop()  # status 0, no traceback, and the journal's last word
        assert time.monotonic() - began < 10


def stands_still(lan: Lan, server: Boots, seconds: float) -> None:
    with steady(lan) as machine:
        machine.until(10)
        server.signal(signal.SIGSTOP)
        time.sleep(seconds)
        server.signal(signal.SIGCONT)
        going = time.monotonic()
        machine.until(10)
        again = time.monotonic() - going
        print(f"stopped for {seconds} s: answers again after {again * 1000:.0f} ms")
        assert again < 2


def test_one_that_stood_still_goes_on_at_once(lan: Lan, server: Boots) -> None:
    stands_still(lan, server, 2)


@pytest.mark.wide
def test_one_that_stood_still_for_half_a_minute_goes_on_at_once(lan: Lan, server: Boots) -> None:
    stands_still(lan, server, 30)


# --- who reads the log


@contextmanager
def unread(place: Path) -> Iterator[tuple[str, ...]]:
    """The words before a command that give it a pipe for its outputs which nobody reads."""
    os.mkfifo(place)
    held = os.open(place, os.O_RDWR)
    fcntl.fcntl(held, fcntl.F_SETPIPE_SZ, 4096)
    try:
        yield "sh", "-c", f'exec "$@" >{place} 2>&1', "sh"
    finally:
        os.close(held)


@pytest.mark.parametrize(
    "more",
    [
        pytest.param((), id="alone"),
        pytest.param(("--workers", "2"), id="workers", marks=pytest.mark.wide),
    ],
)
def test_a_log_that_nobody_reads_delays_no_answer(
    own: Lan, tmp_path: Path, more: tuple[str, ...]
) -> None:
    with unread(tmp_path / "log") as before:
        words = ("--log-level", "debug", *more)
        with boots(own.server, tmp_path, *words, before=before) as server:
            with steady(own) as machine:
                machine.until(100)  # some 300 bytes each, and the pipe has 4 KiB
            print(f"log unread: {machine.said}")
            assert machine.longest < 1
            server.signal(signal.SIGHUP)
            assert server.until(events.RecordsLoaded)


@pytest.mark.wide
def test_a_log_whose_reader_is_gone_stops_nothing(own: Lan, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    before = ("sh", "-c", f'exec "$@" >/proc/{os.getpid()}/fd/{writing} 2>&1', "sh")
    with boots(own.server, tmp_path, "--log-level", "debug", before=before) as server:
        os.close(reading)
        os.close(writing)
        with steady(own) as machine:
            machine.until(100)
        server.signal(signal.SIGHUP)
        assert server.until(events.RecordsLoaded)
        assert machine.longest < 1


def test_a_service_manager_that_is_gone_stops_no_reload(server: Boots) -> None:
    server.mark()
    server.signal(signal.SIGHUP)
    assert server.until(events.RecordsLoaded)


def test_a_journal_that_is_moved_or_removed_goes_on_under_its_name(
    lan: Lan, folder: Path, server: Boots
) -> None:
    journal = folder / "journal.jsonl"
    with steady(lan) as machine:
        machine.until(20)
        server.mark()
        journal.rename(folder / "journal.1")
        begun_anew(journal)
        machine.until(20)
    deadline = time.monotonic() + 2  # lines are written together, a moment later
    while (whole := both(folder)) and told_offers(whole) < machine.answers:
        assert time.monotonic() < deadline, "lines are lost"
        time.sleep(0.01)
    assert all(line.endswith(b"\n") for line in whole)
    assert machine.longest < 1
    with steady(lan) as machine:
        journal.unlink()
        begun_anew(journal)
        machine.until(20)
    assert any(b"OfferSent" in line for line in lines(journal))
    journal.write_bytes(b"".join(whole))  # for who looks at its end


def both(folder: Path) -> list[bytes]:
    return [line for each in ("journal.1", "journal.jsonl") for line in lines(folder / each)]


def told_offers(whole: list[bytes]) -> int:
    return sum(b"OfferSent" in line for line in whole)


def begun_anew(journal: Path) -> None:
    began = time.monotonic()
    while not journal.exists():
        assert time.monotonic() < began + 2
        time.sleep(0.01)  # there is nothing to wait for but the file


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)
