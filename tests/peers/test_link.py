"""A stock client over a bad link: taps, and the process that carries frames between them."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.bad import Bad, bad
from tests.peers.conftest import CLIENT, LAN, NIC, SERVER, boots, need, run, space

from boots.journal import events
from boots.lab.emulator import End, linked
from boots.lab.link import PERFECT, Link

pytestmark = pytest.mark.peers


@pytest.fixture
def far(request: pytest.FixtureRequest) -> Iterator[Bad]:
    with bad(request.param, seed=5) as made:
        yield made


def ping(client: str, times: int) -> str:
    words = ("ping", f"-c{times}", "-W1", "-q", str(SERVER.ip))
    return run(client, need("busybox"), *words).stdout


@pytest.mark.parametrize("far", ["drop=5%,double=5%,reorder=5%,damage=1%"], indirect=True)
@pytest.mark.parametrize(
    ("option", "size"),
    [("windowsize 16", 1 << 18), ("tsize 0", 1 << 16)],
    ids=["windows", "blocks"],
)
def test_a_file_arrives_whole_over_a_bad_link(
    far: Bad, tmp_path: Path, option: str, size: int
) -> None:
    (tmp_path / "files").mkdir()
    content = random.Random(1).randbytes(size)
    (tmp_path / "files" / "large.efi").write_bytes(content)
    out = tmp_path / "out"
    words = ["--option", "blksize 1400", "--option", option, "-g", "-r", "large.efi", "-l", out]
    with boots(far.server, tmp_path, "--boot-files", tmp_path / "files") as server:
        for _ in range(4):  # on a busy machine atftp may give up; it says so
            done = run(far.client, need("atftp"), *words, str(SERVER.ip), timeout=120)
            got = out.read_bytes()
            assert content.startswith(got)
            if done.returncode == 0:
                break

        assert (0, content) == (done.returncode, got)
        assert server.until(events.TransferFinished, name="large.efi").size == size


@pytest.mark.parametrize("far", ["delay=25ms"], indirect=True)
def test_a_link_delays_each_way(far: Bad) -> None:
    done = ping(far.client, 4)
    least = float(done.rpartition("= ")[2].split("/")[0])

    assert 50 <= least < 60, done


@pytest.mark.parametrize("link", [PERFECT, Link(drop=1)], ids=["perfect", "cut"])
def test_a_link_counts_what_it_carried(link: Link) -> None:
    with (
        space() as server,
        space() as client,
        linked(End(NIC, CLIENT, client), End(LAN, SERVER, server), link) as carried,
    ):
        done = ping(client, 2)
    came = link is PERFECT

    assert came == (" 0% packet loss" in done)
    assert carried.there.sent >= 2
    assert carried.there.arrived == carried.there.sent * came
    assert carried.back.arrived == carried.back.sent * came


def test_a_link_ends_at_once() -> None:
    with space() as server, space() as client:
        with linked(End(NIC, CLIENT, client), End(LAN, SERVER, server)):
            began = time.monotonic()
        assert time.monotonic() - began < 1
        assert NIC not in run(client, "ip", "link").stdout


def test_the_command_makes_a_link_that_its_input_changes() -> None:
    with space() as server, space() as client:
        words = [
            sys.executable,
            "-m",
            "boots",
            "link",
            f"{NIC},namespace={client},address={CLIENT}",
        ]
        words += [f"{LAN},namespace={server},address={SERVER}", "delay=30ms;"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(words, text=True, **pipes) as process:  # type: ignore[call-overload]
            assert f"a link from {NIC} to {LAN}\n" == process.stdout.readline()
            least = float(ping(client, 3).rpartition("= ")[2].split("/")[0])
            process.stdin.write("nonsense\ndrop=1\n")
            process.stdin.flush()
            assert "nonsense" in process.stderr.readline()
            while " 100% packet loss" not in ping(client, 1):
                pass
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=10)

    assert 30 <= least < 45
    assert 0 == process.returncode
    assert ["there", "back"] == [line.partition(":")[0] for line in said.splitlines()]


FAULTY = [("a/b", "c"), ("a", "b", "drop=2"), ("a", "b,bridge=none"), ("a,namespace=no", "b")]


@pytest.mark.parametrize("words", FAULTY)
def test_the_command_says_what_is_wrong_with_a_link(words: tuple[str, ...]) -> None:
    with space() as client:
        done = run(client, sys.executable, "-m", "boots", "link", *words)

    assert (2, True) == (done.returncode, done.stderr.startswith("boots: "))
