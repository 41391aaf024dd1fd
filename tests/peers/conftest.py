"""Networks for stock clients, and the real server in them.

Every network namespace is one of ours; nothing is made or touched in the system's own.
"""

import atexit
import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Interface
from pathlib import Path
from typing import TypeVar

import pytest
import structlog
from pyroute2 import IPRoute

import boots as house
from boots.journal import events
from boots.journal.events import AnyEvent
from boots.lab import isolation, network
from boots.lab.tail import Tail

Kind = TypeVar("Kind", bound=AnyEvent)

SERVER = IPv4Interface("192.168.70.1/24")
CLIENT = IPv4Interface("192.168.70.10/24")
MAC = "52:54:00:70:00:10"
NIC = "nic0"
LAN = "lan0"
RECORD = f"""\
machines:
  - name: one
    mac: {MAC}
    address: {CLIENT}
    gateway: {SERVER.ip}
    name_servers: [192.168.70.53]
"""
_numbers = itertools.count(1)


def need(program: str) -> str:
    """The path of a stock client; the test is skipped where it is not installed."""
    found = shutil.which(program)
    if found is None:
        lacking(f"{program} is not installed")
    return str(found)


def lacking(why: str) -> None:
    if os.environ.get("PEERS") == "required":
        pytest.fail(why)
    pytest.skip(why)


def unpacked_cloud_init(folder: Path) -> str:
    """cloud-init's modules, unpacked: installed it would run at this machine's next start."""
    command = [need("apt-get"), "-q", "download", "cloud-init"]
    options = ["-o", "APT::Sandbox::User=root"]
    subprocess.run([*command, *options], cwd=folder, capture_output=True, check=False)
    for package in folder.glob("*.deb"):
        subprocess.run([need("dpkg-deb"), "-x", package, folder], check=True)
        return str(folder / "usr/lib/python3/dist-packages")
    lacking("cloud-init cannot be downloaded")
    raise AssertionError


def free_of_root() -> list[str]:
    """The words before a command that take every privilege of root from it but its files."""
    return [need("setpriv"), "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]


@contextlib.contextmanager
def space() -> Iterator[str]:
    """A network namespace of our own."""
    if os.geteuid() != 0:
        lacking("network namespaces need root")
    isolation.NAMED.mkdir(exist_ok=True)
    with network.named(f"boots-{os.getpid()}-{next(_numbers)}") as name:
        yield name


@contextlib.contextmanager
def cable(
    here: str, near: tuple[str, IPv4Interface], there: str, far: tuple[str, IPv4Interface]
) -> Iterator[None]:
    """A cable from a namespace to another."""
    with contextlib.ExitStack() as made:
        with network.within(here):
            made.enter_context(network.cable(*near, *far, there))
        try:
            yield
        finally:
            with network.within(here):
                made.close()


def set_mac(namespace: str, interface: str, mac: str) -> None:
    with network.within(namespace), IPRoute() as ip:
        (index,) = ip.link_lookup(ifname=interface)
        ip.link("set", index=index, address=mac)


def run(
    namespace: str, *argv: str | Path, timeout: float = 20, **more: object
) -> subprocess.CompletedProcess[str]:
    """Run a program in a namespace to its end."""
    words = [*network.in_namespace(namespace), *map(str, argv)]
    return subprocess.run(
        words,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        **more,  # type: ignore[call-overload]
    )


@contextlib.contextmanager
def started(namespace: str, *argv: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a namespace that is ended with the `with`."""
    words = [*network.in_namespace(namespace), *map(str, argv)]
    process = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=10)


@dataclass
class Lan:
    """A server and a client, each in a namespace of its own, and the cable between them."""

    server: str
    client: str


@contextlib.contextmanager
def lan_with(
    server: IPv4Interface = SERVER, client: IPv4Interface = CLIENT, mac: str = MAC
) -> Iterator[Lan]:
    with (
        space() as one,
        space() as other,
        cable(one, (LAN, server), other, (NIC, client)),
    ):
        set_mac(other, NIC, mac)
        yield Lan(one, other)


@dataclass
class Boots:
    """The server as a process, known by its command line, its journal and its standard error."""

    process: subprocess.Popen[bytes]
    began: float
    journal: Path
    errors: Path
    started_before: int = 0
    """How often a server told this journal that it began, before this one."""
    seen: list[AnyEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._tail = Tail(self.journal)
        self._mark = 0

    def mark(self) -> None:
        """What was told until now is of no interest any more."""
        self._read()
        self._mark = len(self.seen)

    def told(self, kind: type[Kind], **fields: object) -> list[Kind]:
        """The events of a kind, and with these values, since the mark."""
        self._read()
        return [
            event
            for event in self.seen[self._mark :]
            if isinstance(event, kind)
            and all(getattr(event, name) == value for name, value in fields.items())
        ]

    def until(self, kind: type[Kind], timeout: float = 10, **fields: object) -> Kind:
        """The first such event; waits for it."""
        deadline = time.monotonic() + timeout
        while not (found := self.told(kind, **fields)):
            assert self.process.poll() is None, self.errors.read_text()
            assert time.monotonic() < deadline, f"no {kind.__name__} {fields} in {self.seen}"
            time.sleep(0.003)  # there is nothing to wait for but the file itself
        return found[0]

    def _read(self) -> None:
        self.seen += [events.decode(line).event for line in self._tail.lines()]

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def stop(self) -> None:
        """Ask it to end, and see that it ends well."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        assert self.process.wait(timeout=20) == 0, self.errors.read_text()
        assert "Traceback" not in self.errors.read_text()
        assert isinstance(self.told_last(), events.ServerStopped)

    def told_last(self) -> AnyEvent:
        self._read()
        return self.seen[-1]


@contextlib.contextmanager
def boots(
    namespace: str,
    folder: Path,
    *flags: str | Path,
    records: str = RECORD,
    interfaces: Sequence[str] = (LAN,),
    before: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[Boots]:
    """`boots serve` in a namespace, ready; at the end it stops with status 0 and no traceback."""
    process = launch(
        namespace,
        folder,
        *flags,
        records=records,
        interfaces=interfaces,
        before=before,
        environment=environment,
    )
    try:
        deadline = time.monotonic() + 60  # where tests share few cores
        while len(process.told(events.ServerStarted)) <= process.started_before:
            assert process.process.poll() is None, process.errors.read_text()
            assert time.monotonic() < deadline, process.errors.read_text()
            time.sleep(0.003)  # there is nothing to wait for but the file itself
        yield process
        process.stop()
    finally:
        if process.process.poll() is None:
            process.process.kill()
            process.process.wait()


_TREE = tuple(Path(package.__file__ or "").parents[1] for package in (structlog, house))
"""Where the server and what it needs are imported from."""


def program() -> tuple[list[str], dict[str, str]]:
    """The words that start the server, as somebody who is not root can; and their environment.

    Where this Python is root's own, Debian's takes its place.  If that is another release, or the
    tree is root's own as well, the server stays root.
    """
    serve = ["-m", "boots", "serve"]
    if _is_open(Path(sys.executable).resolve()) and all(map(_is_open, _TREE)):
        return [sys.executable, *serve], {}
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    debians = Path("/usr/bin", version)
    if debians.exists() and all(map(_is_open, _TREE)):
        return [str(debians), *serve], {"PYTHONPATH": ":".join(map(str, _TREE))}
    return [sys.executable, *serve, "--user", "root"], {}


def for_another_user() -> list[str]:
    """The words that start the server as another user; the test is skipped where none can."""
    words, _ = program()
    if "--user" in words and not all(map(_is_open, _TREE)):
        pytest.skip("this tree is root's own (in /root?): a clone that all may read shows more")
    if "--user" in words:
        lacking("no Python here that another user can run")
    return words


def _is_open(place: Path) -> bool:
    return all(each.stat().st_mode & 0o001 for each in (place, *place.parents))


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Not pytest's own folder, which it closes to others whenever it begins."""
    made = Path(tempfile.mkdtemp(prefix="boots-peers-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


def let_others_in(folder: Path) -> None:
    """The server becomes another user, who must get to its records: pytest's folders are ours."""
    for each in (folder, *folder.parents):
        if each.stat().st_uid == os.geteuid() and each.is_relative_to(tempfile.gettempdir()):
            each.chmod(each.stat().st_mode | 0o711)


def folders(folder: Path) -> dict[str, str]:
    """The folders of a server, none of which is this machine's own."""
    return {
        "BOOTS_CACHE": str(folder / "cache"),
        "BOOTS_STATE": str(folder / "state"),
        "BOOTS_BOOT_OSIE": str(folder / "osie"),
        "BOOTS_BOOT_IMAGES": str(folder / "images"),
    }


@cache
def bytecode() -> Path:
    """Where the servers of this session keep theirs, whoever they are by then; it goes with us."""
    made = Path(tempfile.mkdtemp(prefix="boots-bytecode-"))
    made.chmod(0o755)
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def launch(
    namespace: str,
    folder: Path,
    *flags: str | Path,
    records: str = RECORD,
    interfaces: Sequence[str] = (LAN,),
    before: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Boots:
    """Start it, and do not wait."""
    let_others_in(folder)
    place = folder / "machines" / "machines.yaml"
    place.parent.mkdir(exist_ok=True)
    place.write_text(records)
    journal, errors = folder / "journal.jsonl", folder / "errors.txt"
    serve, needed = program()
    if any(each.name.startswith("pytest-of-") for each in folder.parents):
        serve = [*serve, "--user", "root"]  # another run of pytest closes this folder at any time
    words = [
        *(*network.in_namespace(namespace), *before),
        *(*serve, "--log-form", "json"),
        *(word for name in interfaces for word in ("--interface", name)),
        *("--machines", place.parent, "--journal", journal, *flags),
    ]
    own = {
        **folders(folder),
        # As an installed program it has its bytecode: without, imports take a second more.
        "PYTHONPYCACHEPREFIX": str(bytecode()),
        "PYTHONDONTWRITEBYTECODE": "",
    }
    given = dict(environment or {})
    if "PYTHONPATH" in given and "PYTHONPATH" in needed:
        given["PYTHONPATH"] += f":{needed['PYTHONPATH']}"
    before_us = journal.read_bytes().count(b'"ServerStarted"') if journal.exists() else 0
    with errors.open("wb") as output:
        began = time.monotonic()
        process = subprocess.Popen(
            list(map(str, words)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **needed, **own, **given},
        )
    return Boots(process, began, journal, errors, before_us)


@pytest.fixture
def lan() -> Iterator[Lan]:
    with lan_with() as made:
        yield made
