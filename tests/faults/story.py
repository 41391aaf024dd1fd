"""What a server is asked in its life; when it dies it is started at once, as by systemd.

Whoever asks asks again, as clients do: commands with the same word in `once`, agents with the
same numbers, firmware with another DISCOVER.
"""

import asyncio
import contextlib
import re
import socket
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from operator import methodcaller
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from tests.app.runs.yard import TEMPLATE, Agent, Refused, at, inventory
from tests.peers.conftest import CLIENT, MAC, NIC, RECORD, SERVER, Boots, Lan, launch
from tests.policy.made import rom

from boots.client.client import Client
from boots.client.connecting import ApiError, NoServer
from boots.client.words import Role
from boots.client.workflows import Arming, NewRun, Run
from boots.lab import network
from boots.model.order import Netboot
from boots.wire import dhcp, options
from boots.wire.malformed import Malformed
from boots.wire.options import MessageType

T = TypeVar("T")
STRANGER = "52:54:00:70:00:99"
URL = f"http://{SERVER.ip}:8080"
SETTINGS = f"""\
[dhcp]
mode = "pool"
probe = false
[[subnets]]
network = "{SERVER.network}"
gateway = "{SERVER.ip}"
pool = ["192.168.70.100-192.168.70.120"]
"""
MADE = {"name": "made", "mac": "52:54:00:99:00:01", "address": "192.168.70.21/24"}
_PATIENCE = 60.0  # seconds that anything may take in all
OVER = {"SUCCESS", "FAILED", "TIMEOUT"}


class Died(Exception):
    """The server ended while it was asked."""


@dataclass
class Standing:
    """A server that is started again whenever it ends."""

    lan: Lan
    folder: Path
    flags: tuple[str, ...] = ()
    starts: int = 0
    killed: int = 0
    server: Boots | None = None
    dies: Callable[[], object] = lambda: None
    """What becomes of its disk when it is killed."""

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Start it, and do not wait: who asks does."""
        self.starts += 1
        config = self.folder / "boots.toml"
        config.write_text(SETTINGS)
        words = ("--config", config, "--boot-files", self.folder / "files", *self.flags)
        self.server = launch(self.lan.server, self.folder, *words, environment=environment)

    def see_to(self) -> None:
        """Start it anew if it ended."""
        assert self.server is not None
        if (status := self.server.process.poll()) is not None:
            assert status == -9, self.errors
            self.killed += 1
            self.dies()
            self.start()

    def see_to_again(self) -> None:
        """Start it anew, however it ended."""
        assert self.server is not None
        assert self.server.process.poll() is not None
        self.start()

    def patiently(self, ask: Callable[[], T]) -> T:
        """Ask until there is an answer; the server is started again meanwhile if it has to be."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return ask()
            except (NoServer, OSError, aiohttp.ClientError, TimeoutError):
                if time.monotonic() > deadline:
                    raise
            except ApiError as error:
                if error.problem.status != 503 or time.monotonic() > deadline:
                    raise  # 503: the store is not there yet
            self.see_to()
            time.sleep(0.02)

    @property
    def errors(self) -> str:
        assert self.server is not None
        return self.server.errors.read_text()[-2000:]

    def api(self, ask: Callable[[Client], T]) -> T:
        """Ask the API, as an operator on the server."""

        def asked() -> T:
            with network.within(self.lan.server):
                return ask(Client(timeout=10))

        return self.patiently(asked)

    def kill(self) -> None:
        """As ``kill -9`` does; the next who asks has it started."""
        assert self.server is not None
        if self.server.process.poll() is None:
            self.server.process.kill()
        self.server.process.wait()

    def end(self) -> None:
        """Have it end in good order, unless it is killed before."""
        assert self.server is not None
        if self.server.process.poll() is None:
            self.server.process.terminate()
        status = self.server.process.wait(20)
        assert status in {0, -9}, self.errors
        if status == -9:
            self.killed += 1
            self.dies()


def made_ready(folder: Path) -> None:
    """The files that a server and its machines need."""
    for name in ("osie/vmlinuz-x86_64", "osie/initramfs-x86_64", "files/undionly.kpxe"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"content")


@dataclass
class Story:
    """One life: what was acknowledged in it, and what must be so afterwards."""

    standing: Standing
    leased: str = ""
    run: str = ""
    home: str = ""
    scripts: list[str] = field(default_factory=list)
    hands: list[tuple[str, int, int]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def steps(self) -> list[Callable[[], None]]:
        """All of it, in order."""
        first = [self.creates, self.makes_tokens, self.leases, self.orders]
        first += [self.boots_once, self.withdraws]
        return [*first, self.provisions, self.works, self.lives]

    def play(self) -> None:
        """Step by step, to the end."""
        for step in self.steps():
            step()
            self.said.append(step.__name__)

    # --- what operators do

    def creates(self) -> None:
        self.standing.api(unless_done(lambda client: client.create(MADE, once="create-made")))

    def makes_tokens(self) -> None:
        self.standing.api(lambda client: client.make_token("watcher", Role.VIEWER))

    def orders(self) -> None:
        self.standing.api(lambda client: client.order("made", Netboot.OFF))
        self.standing.api(lambda client: client.order("one", Netboot.ONCE))

    def withdraws(self) -> None:
        self.standing.api(lambda client: client.withdraw("one"))

    def provisions(self) -> None:
        wanted = NewRun(machine="one", template=TEMPLATE, map={"device_1": MAC}, arm=Arming())
        create = unless_done(lambda client: client.create_run(wanted, once="provision"))
        self.standing.api(create)
        (line,) = self.standing.api(lambda client: client.runs(key="one")).runs
        self.run = line.id

    # --- what machines do

    def leases(self) -> None:
        def asked() -> str:
            with network.within(self.standing.lan.client):
                return dora(STRANGER)

        self.leased = self.standing.patiently(asked)

    def boots_once(self) -> None:
        script = self.script()
        assert "vmlinuz" in script, script

    def script(self) -> str:
        """What the machine is told to run now."""

        async def asked(client: aiohttp.ClientSession) -> str:
            async with client.get(f"{URL}/auto.ipxe") as answer:
                assert answer.status in {200, 403}, await answer.text()
                return await answer.text()

        found = self.standing.patiently(lambda: self._within(asked))
        self.scripts.append(found)
        return found

    def _within(self, ask: Callable[[aiohttp.ClientSession], Awaitable[T]]) -> T:
        async def asked() -> T:
            timeout = aiohttp.ClientTimeout(total=5)
            async with aiohttp.ClientSession(timeout=timeout) as client:
                return await ask(client)

        with network.within(self.standing.lan.client):
            return asyncio.run(asked())

    def works(self) -> None:
        """OSIE boots and its agent works the run off; whatever it is told to do it does."""
        worker = Worker(self)
        worker.boots()
        deadline = time.monotonic() + _PATIENCE
        while worker.acts():
            assert time.monotonic() < deadline, (self.state().line, self.standing.errors)

    def lives(self) -> None:
        """The installed system says that it is there."""

        async def asked(client: aiohttp.ClientSession) -> None:
            async with client.post(self.home) as answer:
                assert answer.status == 204, await answer.text()

        self.standing.patiently(lambda: self._within(asked))

    def state(self) -> Run:
        return self.standing.api(lambda client: client.run(self.run))


def unless_done(create: Callable[[Client], object]) -> Callable[[Client], None]:
    """Create it; a server that has it, and whose answer was lost with its memory, says 409."""

    def asked(client: Client) -> None:
        try:
            create(client)
        except ApiError as error:
            if error.problem.status != 409:
                raise

    return asked


class Worker:
    """An agent that asks again until it is answered, as OSIE's does."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._agent = Agent(URL, None, MAC)  # type: ignore[arg-type]  # it has one while it asks
        self._ticket = ""

    def _asked(self, ask: Callable[[Agent], Awaitable[T]]) -> T:
        """Have the agent ask; a number that was not heard is said again."""
        agent = self._agent

        async def asked(client: aiohttp.ClientSession) -> T:
            agent.meets(URL, client, MAC)
            before = agent.sequence
            try:
                return await ask(agent)
            except BaseException:
                agent.sequence = before
                raise

        def patiently() -> T:
            try:
                return self._story._within(asked)
            except Refused as refused:
                if refused.status == 503:
                    raise OSError(refused.why) from None
                raise

        return self._story.standing.patiently(patiently)

    def boots(self) -> None:
        """Boot OSIE, begin a session, and tell what the machine is made of."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            assert time.monotonic() < deadline
            found = re.search(r"boots\.ticket=(\S+)", self._story.script())
            if found is None:
                continue  # an OSIE without a ticket is told to reboot
            with contextlib.suppress(Refused):  # its answer was lost: the machine starts anew
                self._asked(methodcaller("hello", found[1]))
                break
        self._asked(methodcaller("asked", "inventory", inventory()))

    def acts(self) -> bool:
        """Ask what is to be done, and do it; whether there may be more."""
        try:
            answer = self._asked(lambda agent: agent.next())
            if answer["do"] == "action":
                return self._does(answer)
        except Refused as refused:
            if refused.status != 401:
                raise
            self._asked(lambda agent: agent.again())
            return True
        if answer.get("tell") == "inventory":
            self._asked(lambda agent: agent.asked("inventory", inventory()))
        return answer["do"] == "wait"

    def _does(self, hand: Any) -> bool:
        hands, agent = self._story.hands, self._agent
        name = (hand["name"], hand["attempt"], agent.session)
        if name not in hands:
            hands.append(name)
        self._asked(lambda agent: agent.started(hand))
        for record in hand["armed"]:
            if not record["taken"]:
                status, why = self._asked(methodcaller("edges", hand, record))
                assert status == 204, why
        self._story.home = hand["machine"]["phone_home"]
        if hand["terminal"]:
            return False
        self._asked(lambda agent: agent.ended(hand))
        return True


def dora(mac: str) -> str:
    """The address that a client without a record gets; in its namespace.

    Raises:
        TimeoutError: nobody answers.
    """
    chaddr = bytes.fromhex(mac.replace(":", ""))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, NIC.encode())
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.bind(("0.0.0.0", dhcp.CLIENT_PORT))
        sock.settimeout(1)
        offer = _asked(sock, rom(chaddr=chaddr))
        wanted = offer.yiaddr.packed
        more = {50: wanted, options.SERVER_ID.code: SERVER.ip.packed}
        ack = _asked(sock, rom(MessageType.REQUEST, chaddr=chaddr, more=more))
        assert ack.kind is MessageType.ACK
        return str(ack.yiaddr)


def _asked(sock: socket.socket, message: dhcp.Message) -> dhcp.Message:
    question = replace(message, flags=dhcp.BROADCAST, xid=time.monotonic_ns() & 0xFFFFFFFF)
    sock.sendto(dhcp.encode(question), ("255.255.255.255", dhcp.SERVER_PORT))
    while True:
        with contextlib.suppress(Malformed):
            found = dhcp.decode(sock.recv(2048))
            if found.xid == question.xid:
                return found


def after_all(story: Story) -> None:
    """What must be so after a life, however often the server died in it."""
    standing = story.standing
    machine = standing.api(lambda client: client.machine("made"))
    assert machine.line.netboot == "off", "an order that was acknowledged"
    tokens = standing.api(lambda client: client.tokens()).tokens
    assert {"watcher"} == {each.name for each in tokens}
    audited(standing)
    again: list[str] = []

    def asked() -> None:
        with network.within(standing.lan.client):
            again.append(dora(STRANGER))

    standing.patiently(asked)
    assert [story.leased] == again, "the address that was acknowledged"
    found = story.state()
    assert found.line.state == "SUCCESS", found.line
    # An action that writes is handed to one session, once.
    assert [("look", 1), ("write", 1), ("go", 1)] == [hand[:2] for hand in story.hands]
    assert [1, 1, 1] == [step.attempt for step in found.steps]
    assert "vmlinuz" not in story.script(), "netboot is off for good"
    health = standing.api(lambda client: client.health())
    assert (health.ready, health.troubles) == (True, ())


AUDITED = {
    ("create", "made"),
    ("make_token", ""),
    ("order", "made"),
    ("order", "one"),
    ("withdraw", "one"),
    ("create_run", "one"),
}
"""What was tried, and on which machine; done, or done before, where an answer was lost."""


def audited(standing: Standing) -> None:
    """What was acknowledged is in the audit log, which nobody changed."""
    rows = standing.api(lambda client: client.audit()).audit
    assert AUDITED <= {(each.what, each.machine) for each in rows}, rows
    proof = standing.api(lambda client: client.audit_proof())
    assert (0, "") == (proof.broken, proof.why)


__all__ = ["CLIENT", "RECORD", "Standing", "Story", "Worker", "after_all", "at", "made_ready"]


@contextlib.contextmanager
def standing(lan: Lan, folder: Path, *flags: str) -> Iterator[Standing]:
    """A server that stands up again; it is not started yet."""
    made_ready(folder)
    made = Standing(lan, folder, flags)
    try:
        yield made
    finally:
        if made.server is not None and made.server.process.poll() is None:
            made.kill()
