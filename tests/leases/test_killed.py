"""Leases under kill -9, and on a disk that is full."""

import contextlib
import random
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from boots.leases.book import Book
from boots.leases.entry import Lease
from boots.leases.file import LeaseFile, read
from boots.leases.keeper import Keeper, Rules
from boots.model.mac import Mac
from boots.model.site import Range, Subnet

NETWORK = IPv4Network("10.0.0.0/24")
SUBNET = Subnet(network=NETWORK, pool=(Range(first=NETWORK[10], last=NETWORK[49]),))
RULES = Rules(lambda _: False, lambda _: False)
# It leases, gives back and makes the file anew as fast as it can, and says what it acknowledged.
WORKER = """
import sys
from pathlib import Path
from tests.leases.test_killed import work
work(Path(sys.argv[1]), int(sys.argv[2]))
"""


def mac(number: int) -> Mac:
    return Mac(f"52:54:00:00:00:{number:02x}")


def work(path: Path, seed: int) -> None:
    rng, now = random.Random(seed), 1000.0 * seed
    keeper = Keeper(path, RULES, now)
    while True:
        now += rng.random() * 20
        who = mac(rng.randrange(60))
        chosen = keeper.choose(who, SUBNET, now)
        if isinstance(chosen, str):
            continue
        keeper.grant(who, chosen.address, SUBNET, now, 300)
        print(f"{now + 300} {who} {chosen.address}", flush=True)
        if not rng.randrange(4):
            keeper.release(who, chosen.address, now)
            print(f"0 {who} {chosen.address}", flush=True)
        if not rng.randrange(20):
            keeper.file.anew(keeper.book.entries(now))


def killed(path: Path, seed: int, lines: int) -> Iterator[tuple[float, Mac, IPv4Address]]:
    """What a worker acknowledged until it was killed after so many lines."""
    words = [sys.executable, "-c", WORKER, str(path), str(seed)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=root) as worker:
        assert worker.stdout is not None
        for number, line in enumerate(worker.stdout):
            if number == lines:
                worker.send_signal(signal.SIGKILL)
            if line.endswith("\n"):
                until, who, address = line.split()
                yield float(until), Mac(who), IPv4Address(address)


def test_no_acknowledged_lease_is_lost_and_none_is_anothers_after_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "leases"
    rng = random.Random(4)
    for seed in range(1, 5):
        said = list(killed(path, seed, rng.randrange(20, 900)))
        last = {address: (until, who) for until, who, address in said}
        book = Book(read(path).entries)
        # One more may have been written than was said.
        differing = [
            address
            for address, (until, who) in last.items()
            if until and (book.leases[address].mac, book.leases[address].until) != (who, until)
        ]
        assert len(differing) <= 1
        now = max(until for until, _, _ in said) - 300
        held = [lease.mac for lease in book.leases.values() if lease.until > now]
        assert len(held) == len(set(held))


_SMALL = 4000


@contextlib.contextmanager
def small_disk() -> Iterator[None]:
    """No file may have more than so many bytes; the kernel writes what still fits.

    It holds within a test only: the file that pytest reports to may have more.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_SMALL, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, old)


def test_on_a_full_disk_nothing_is_leased_and_what_was_stays(tmp_path: Path) -> None:
    path = tmp_path / "leases"
    keeper = Keeper(path, RULES, 0.0)
    granted: dict[IPv4Address, Mac] = {}
    with small_disk():
        for number in range(200):
            who = mac(number % 40)
            chosen = keeper.choose(who, SUBNET, float(number))
            assert not isinstance(chosen, str)
            with contextlib.suppress(OSError):
                keeper.grant(who, chosen.address, SUBNET, float(number), 1000)
                granted[chosen.address] = who
        keeper.close()

    assert path.stat().st_size <= _SMALL
    found = read(path)
    assert not found.torn
    assert granted == {each.address: each.mac for each in found.entries if isinstance(each, Lease)}


def test_a_file_that_cannot_be_made_anew_leaves_no_half_of_it(tmp_path: Path) -> None:
    path = tmp_path / "leases"
    file = LeaseFile(path)
    many = [Lease(address=each, mac=mac(1), since=0, until=9) for each in NETWORK]
    with small_disk(), pytest.raises(OSError, match="File too large"):
        file.write_anew(many)
    file.close()
    assert ["leases"] == [each.name for each in tmp_path.iterdir()]


@pytest.mark.parametrize("line", ["[" * 100_000, '{"is":' * 50_000, '{"is":"lease","since":1e300}'])
def test_a_spoilt_line_costs_only_itself(tmp_path: Path, line: str) -> None:
    path = tmp_path / "leases"
    good = '{"is":"lease","address":"10.0.0.1","mac":"52:54:00:00:00:01","since":1,"until":2}'
    odd = good.replace('"since":1', '"since":1e300').replace("0.0.1", "0.0.2")
    path.write_text(f"{good}\n{line}\n{odd}\n")
    found = read(path)
    assert (1, (2, 3)) == (len(found.entries), found.unreadable)
