"""Where it is measured: two network namespaces, a cable, a core for the server, one for the load.

The bench runs in namespaces of its own (see `boots.lab.isolation`), so nothing of it can reach the
machine's own interfaces.  The server is in the first of them, the load in a second one.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import Any

from pyroute2 import IPRoute  # type: ignore[import-untyped]

from bench import measure
from bench.measure import Meter
from boots.lab import emulator, isolation, network
from boots.lab.link import Link

SERVER = IPv4Address("10.0.0.1")
LOAD = IPv4Address("10.0.0.2")
MACHINES = IPv4Network("10.0.0.0/8")
"""Machine number n (from 0) has the address 10.1.0.0 + n and the MAC 02:b0 and n in four bytes."""
NIC = "serve0"
LOAD_NIC = "load0"
LOAD_SPACE = "boots-bench-load"
UNPACKED = Path(__file__).parent.parent / "build" / "peers" / "root"


class BenchError(Exception):
    """What keeps a measurement from being one; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Command:
    """How a server is started.

    `settles` is how many seconds it still works after its ports are bound; a warm-up waits for it.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    settles: float = 0.0


@dataclass(frozen=True, slots=True)
class Place:
    """`work` is a folder for one server's files; `flat` says that machines are on our cable.

    If not they are behind a router, which is the load's end of the cable.
    """

    work: Path
    flat: bool
    server_core: int
    load_core: int

    def run(self, *argv: str | Path, timeout: float = 120) -> dict[str, Any]:
        """Run a load on its core and in its namespace; what it printed (JSON).

        Raises:
            BenchError: it failed, or said nothing.
        """
        words = self.words(*argv)
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=timeout)  # noqa: PLW1510
        except subprocess.TimeoutExpired:
            raise BenchError(f"{Path(argv[0]).name} did not end in {timeout:.0f} s") from None
        if done.returncode != 0:
            raise BenchError(f"{Path(argv[0]).name}: {done.stderr.strip()[-300:]}")
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    @contextlib.contextmanager
    def beside(self, *argv: str | Path) -> Iterator[None]:
        """Have another load run meanwhile, behind those that are measured.

        Raises:
            BenchError: it ended before its time.
        """
        words = ["taskset", "-c", str(self.load_core), *self._inside(), *map(str, argv)]
        process = subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        try:
            yield
            if process.poll() is not None:
                errors = process.communicate()[1][-300:]
                raise BenchError(f"{Path(argv[0]).name}, beside, ended: {errors}")
        finally:
            process.kill()
            process.communicate()

    def words(self, *argv: str | Path) -> list[str]:
        """The words that run a load on its core and in its namespace."""
        return [*first_on(self.load_core), *self._inside(), *map(str, argv)]

    def _inside(self) -> tuple[str, str]:
        return ("nsenter", f"--net={isolation.NAMED / LOAD_SPACE}")


def first_on(core: int) -> tuple[str, ...]:
    """The words before a command that runs on one core, before whatever else runs there.

    The scheduler weighs sessions before it weighs processes, where it groups by them.
    """
    script = f'echo -15 2>/dev/null > /proc/self/autogroup; exec nice -n -15 taskset -c {core} "$@"'
    return ("setsid", "sh", "-c", script, "sh")


@dataclass(slots=True)
class Running:
    """A server that serves: its process, when it began, seconds until its ports were bound."""

    process: subprocess.Popen[bytes]
    meter: Meter
    began: float
    ready: float
    errors: Path
    settles: float = 0.0

    def cpu(self) -> float:
        """Seconds of CPU since it was started."""
        return self.meter.cpu(self.process.pid)

    def waited(self) -> float:
        """Seconds that it was ready to run, but others had its core."""
        return self.meter.waited(self.process.pid)

    def memory(self) -> measure.Memory:
        """Resident memory now."""
        return self.meter.memory(self.process.pid)

    def check(self) -> None:
        """See that it lives.

        Raises:
            BenchError: it ended; its last words are in the text.
        """
        if self.process.poll() is not None:
            raise BenchError(f"the server ended: {tail(self.errors)}")


@contextlib.contextmanager
def made(*, flat: bool = False, link: Link | None = None, steered: bool = False) -> Iterator[Place]:
    """The namespaces, the cable or a bad `link` in its place, and a folder; all gone at the end.

    `steered` has each end's core take in what comes for it, see `_steer`.
    """
    if not isolation.inside():
        raise BenchError("not in namespaces of its own: start it with `python -m bench`")
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise BenchError("a server and its load need a core each; this machine has one")
    work = Path(tempfile.mkdtemp(prefix="boots-bench-"))
    work.chmod(0o755)  # some peers drop to a user of their own
    try:
        with network.named(LOAD_SPACE), _bad(link) if link else _cable(flat=flat):
            if steered:
                _steer(NIC, cores[0], None)
                _steer(LOAD_NIC, cores[1], LOAD_SPACE)
            yield Place(work, flat, cores[0], cores[1])
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextlib.contextmanager
def _cable(*, flat: bool) -> Iterator[None]:
    """Unlike the lab's cables it keeps every offload: they are part of what is measured."""
    with IPRoute() as ip:
        ip.link("add", ifname=NIC, kind="veth", peer={"ifname": LOAD_NIC})
        near, far = (ip.link_lookup(ifname=name)[0] for name in (NIC, LOAD_NIC))
        with (isolation.NAMED / LOAD_SPACE).open("rb") as there:
            ip.link("set", index=far, net_ns_fd=there.fileno())
        prefix = 8 if flat else 24  # both ends: 10.0.0.255 is a machine's on a flat cable
        ip.addr("add", index=near, address=str(SERVER), prefixlen=prefix)
        ip.link("set", index=near, state="up")
        with network.within(LOAD_SPACE), IPRoute() as other:
            other.addr("add", index=far, address=str(LOAD), prefixlen=prefix)
            other.link("set", index=far, state="up")
        try:
            if not flat:
                ip.route("add", dst=str(MACHINES), gateway=str(LOAD))
            yield
        finally:
            ip.link("del", index=near)


def _steer(nic: str, core: int, space: str | None) -> None:
    """Have one core take in what comes to an interface (receive packet steering).

    Without it the core that sends over a veth cable also takes in at the other end: what a
    server's TCP sends because an acknowledgement came, which of a large file is most of it, is
    then done by the load's core or a kernel thread, and how much of it is chance.
    """
    file = f"/sys/class/net/{nic}/queues/rx-0/rps_cpus"
    write = ("sh", "-c", f"echo {1 << core:x} > {file}")
    subprocess.run([*network.in_namespace(space), *write], check=True)


@contextlib.contextmanager
def _bad(link: Link) -> Iterator[None]:
    """Taps with the lab's emulator between them: for times and failures, not for CPU."""
    near = emulator.End(NIC, IPv4Interface(f"{SERVER}/24"))
    far = emulator.End(LOAD_NIC, IPv4Interface(f"{LOAD}/24"), LOAD_SPACE)
    with emulator.linked(near, far, link, seed=1):
        network.route(MACHINES, LOAD, None)
        yield


@contextlib.contextmanager
def serving(
    place: Place, command: Command, ports: tuple[str, ...], *, patience: float = 60
) -> Iterator[Running]:
    """A fresh server, ready: all its ports (such as ``udp/67``) are bound.

    Raises:
        BenchError: a port is taken by somebody else, or the server ends or is not ready in time.
    """
    taken = [port for port in ports if bound(port)]
    if taken:
        raise BenchError(f"{', '.join(taken)} taken before the server was started")
    errors = place.work / "server.log"
    with measure.meter() as meter, errors.open("ab") as output:
        pinned = (*first_on(place.server_core), *command.argv)
        began = time.monotonic()
        process = subprocess.Popen(
            [*meter.entering(), *pinned],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **command.env},
            cwd=place.work,
        )
        running = Running(process, meter, began, 0.0, errors)
        try:
            while not all(map(bound, ports)):
                running.check()
                if time.monotonic() - began > patience:
                    raise BenchError(f"not ready after {patience:.0f} s: {tail(errors)}")
                time.sleep(0.005)
            running.ready = time.monotonic() - began
            running.settles = command.settles
            yield running
            running.check()
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    children = measure.tree(process.pid) if process.poll() is None else []
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in children[1:]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def bound(port: str) -> bool:
    """Whether somebody in the server's namespace has a socket at a port such as ``tcp/8080``.

    ``packet`` is any packet socket: some DHCP servers have nothing else.
    """
    kind, _, number = port.partition("/")
    lines = Path(f"/proc/net/{kind}").read_text().splitlines()[1:]
    if kind == "packet":
        return bool(lines)
    if kind == "udp":
        lines += Path("/proc/net/udp6").read_text().splitlines()[1:]
        return any(_port(line) == int(number) for line in lines)
    lines += Path("/proc/net/tcp6").read_text().splitlines()[1:]
    return any(_port(line) == int(number) and line.split()[3] == "0A" for line in lines)


def _port(line: str) -> int:
    return int(line.split()[1].rpartition(":")[2], 16)


def server_mac() -> str:
    """The MAC of the server's end of the cable."""
    return Path(f"/sys/class/net/{NIC}/address").read_text().strip()


def tail(file: Path) -> str:
    """The last words of a log."""
    return file.read_text(errors="replace").strip()[-400:]
