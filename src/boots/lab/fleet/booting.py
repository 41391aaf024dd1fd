"""The boot of one machine, from power-on to its last file: which steps follow which.

It is a generator: each step is a state machine (`Exchange`, `Reader`, `Download`, `Wait`) that
somebody with sockets and a clock carries out, and goes on when that one is over.
"""

import random
from collections.abc import Generator
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from urllib.parse import unquote, urljoin, urlsplit
from uuid import UUID

from boots.lab.fleet import kinds, scripts
from boots.lab.fleet.dhcp import Exchange, Identity, Lease
from boots.lab.fleet.http import EDK2_AGENT, IPXE_AGENT, Download
from boots.lab.fleet.kinds import Kind, Program, Stage
from boots.lab.fleet.plan import Machine
from boots.lab.fleet.tftp import Reader
from boots.wire import tftp

_REDIRECTS = 5
_CHAINS = 4  # scripts that load scripts
_PI_LOADER = ("config.txt", "pieeprom.sig", "recover4.elf", "recovery.elf")
_PI_FIRMWARE = ("fixup4.dat", "config.txt", "dt-blob.bin", "bcm2711-rpi-4-b.dtb")
_PI_LAST = ("overlays/overlay_map.dtb", "cmdline.txt", "armstub8-gic.bin")
_PI_START, _PI_KERNEL = "start4.elf", "kernel8.img"


@dataclass(slots=True)
class Wait:
    """Nothing but time passes; `own` says that no server can shorten it."""

    seconds: float
    own: bool = False
    deadline: float = 0.0
    ended: float = 0.0
    over: bool = False
    failure: str = ""
    retries: int = 0

    def start(self, now: float) -> None:
        """It begins."""
        self.deadline = now + self.seconds

    def tick(self, now: float) -> None:
        """The clock went on."""
        if now >= self.deadline:
            self.over, self.ended = True, now


Step = Exchange | Reader | Download | Wait
Steps = Generator[Step, None, None]


@dataclass(slots=True)
class Story:
    """What became of one machine.

    `marks` are the moments at which it reached each stage, on the clock that the steps were
    given, `own_waits` how long it had waited by then because it always does.
    """

    machine: Machine
    marks: dict[Stage, float] = field(default_factory=dict)
    own_waits: dict[Stage, float] = field(default_factory=dict)
    lease: Lease | None = None
    dhcp_retries: int = 0
    tftp_retries: int = 0
    fetch_retries: int = 0
    restarts: int = 0
    received: int = 0
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Orders:
    """How far machines boot, and how many bytes of each file are enough for them (0: all).

    `tries` is how often one begins that fails, as firmware goes through its boot order again.
    """

    until: Stage = Stage.FILES
    first: int = 0
    tries: int = 1


class BootFailed(Exception):
    """The boot ends here; the text says why."""


class Boot:
    """The boot of `story.machine`; what happens is written into the story."""

    def __init__(self, story: Story, orders: Orders, chance: random.Random) -> None:
        self._story = story
        self._machine = story.machine
        self._orders = orders
        self._chance = chance
        self._waited = 0.0
        self._now = 0.0

    def steps(self) -> Steps:
        """The steps, one after the other; afterwards the story has its end."""
        for left in reversed(range(self._orders.tries)):
            try:
                if self._machine.kind is Kind.RPI4:
                    yield from self._raspberry_pi()
                else:
                    yield from self._pc()
            except BootFailed as failed:
                self._story.failure = str(failed)
            else:
                return
            if left:
                yield from self._restart()

    def _restart(self) -> Steps:
        """Firmware begins anew, with a DISCOVER; what it had come to counts no more."""
        yield from self._wait(kinds.BOOTS_AGAIN, own=True)
        story = self._story
        story.restarts += 1
        story.failure = ""
        story.lease = None
        story.marks.clear()
        story.own_waits.clear()

    # --- chains

    def _pc(self) -> Steps:
        firmware = kinds.FIRMWARE[self._machine.kind]
        lease = yield from self._address(firmware)
        if lease is None or self._is_far_enough(Stage.ADDRESS):
            return
        if self._machine.kind is Kind.UEFI_HTTP:
            yield from self._over_http(lease.boot_file)
        else:
            yield from self._boot_file(lease, firmware)
        if self._is_far_enough(Stage.BOOT_FILE):
            return
        yield from self._wait(kinds.BANNER, own=True)
        yield from self._ipxe()

    def _boot_file(self, lease: Lease, firmware: Program) -> Steps:
        """Over TFTP, as the firmware reads it."""
        if not lease.boot_file:
            raise BootFailed("the server names no boot file (option 67)")
        server, name = _tftp_place(lease.boot_file, lease)
        if firmware.tftp.probe:
            yield from self._get(Reader(name, server, firmware.tftp, probe=True))
        reader = yield from self._get(Reader(name, server, firmware.tftp))
        self._mark(Stage.BOOT_FILE, reader.ended)

    def _over_http(self, url: str) -> Steps:
        """As edk2 does: first it asks for the size."""
        yield from self._download(url, EDK2_AGENT, method="HEAD")
        done = yield from self._download(url, EDK2_AGENT)
        self._mark(Stage.BOOT_FILE, done.ended)

    def _ipxe(self) -> Steps:
        lease = yield from self._lease(kinds.IPXE[self._machine.kind])
        if lease is None or not lease.boot_file:
            raise BootFailed("the server names no script to iPXE (option 67)")
        url = lease.boot_file
        if "://" not in url:
            url = f"tftp://{lease.next_server}/{url.lstrip('/')}"
        yield from self._script(url, lease)

    def _script(self, url: str, lease: Lease) -> Steps:
        """Load a script and do what it says; it may go on with another."""
        for _ in range(_CHAINS):
            content, at = yield from self._fetch(url, keep=True)
            if not scripts.is_script(content):
                if Stage.SCRIPT not in self._story.marks:
                    raise BootFailed(f"{url} is no iPXE script")
                self._mark(Stage.FILES, at)
                return
            if Stage.SCRIPT not in self._story.marks:
                self._mark(Stage.SCRIPT, at)
                if self._is_far_enough(Stage.SCRIPT):
                    return
            settings = _settings(self._machine, lease)
            text = content.decode(errors="replace")
            ended = yield from self._commands(scripts.run(text, settings), url)
            if ended.ending is scripts.Ending.GAVE_UP:
                raise BootFailed(f"the script gave up: {ended.said or 'it does not say why'}")
            if ended.ending is not scripts.Ending.CHAIN:
                self._mark(Stage.FILES, self._now)
                return
            url = urljoin(url, ended.url)
        raise BootFailed(f"{_CHAINS} scripts load each other, and then {url}")

    def _commands(self, run: scripts.Run, base: str) -> Generator[Step, None, scripts.Ended]:
        """Carry out what a script asks for."""
        well = True
        try:
            asked = next(run)
            while True:
                if isinstance(asked, scripts.Pause):
                    yield from self._wait(asked.seconds)
                else:
                    well = yield from self._try(urljoin(base, asked.url))
                asked = run.send(well)
        except StopIteration as end:
            ended: scripts.Ended = end.value
            return ended

    def _try(self, url: str) -> Generator[Step, None, bool]:
        """Fetch a file that a script may do without; whether it came."""
        try:
            yield from self._fetch(url)
        except BootFailed as failed:
            self._story.fetch_retries += 1
            self._story.failure = str(failed)  # what a script that gives up does not say
            return False
        self._story.failure = ""
        return True

    def _raspberry_pi(self) -> Steps:
        """The loader in its EEPROM, then the firmware: many small files, some of which exist."""
        lease = yield from self._address(kinds.RPI4)
        if lease is None or self._is_far_enough(Stage.ADDRESS):
            return
        folder = f"{self._machine.serial}/"
        for name in _PI_LOADER:
            yield from self._pi_file(folder + name, lease)
        start = yield from self._pi_file(folder + _PI_START, lease)
        if start.missing:
            folder = ""
            start = yield from self._pi_file(_PI_START, lease)
        if start.missing:
            raise BootFailed(start.failure)
        self._mark(Stage.BOOT_FILE, start.ended)
        if self._orders.until in {Stage.BOOT_FILE, Stage.SCRIPT}:
            return
        for name in (*_PI_FIRMWARE, *_PI_LAST):
            yield from self._pi_file(folder + name, lease)
        kernel = yield from self._pi_file(folder + _PI_KERNEL, lease)
        if kernel.missing:
            raise BootFailed(kernel.failure)
        self._mark(Stage.FILES, kernel.ended)

    def _pi_file(self, name: str, lease: Lease) -> Generator[Step, None, Reader]:
        reader = Reader(name, lease.next_server, kinds.RPI4.tftp)
        return (yield from self._get(reader, may_be_missing=True))

    # --- steps

    def _address(self, program: Program) -> Generator[Step, None, Lease | None]:
        """The first address that the machine gets, with the marks of it."""
        offer_is_enough = self._orders.until is Stage.OFFER
        exchange = self._exchange(program, only_offer=offer_is_enough)
        yield from self._run(exchange)
        self._story.dhcp_retries += exchange.retries
        if exchange.offered is not None:
            self._mark(Stage.OFFER, exchange.offered)
        self._waited += exchange.waited
        _raise_of(exchange.failure)
        if exchange.lease is not None:
            self._story.lease = exchange.lease
            self._mark(Stage.ADDRESS, exchange.ended)
        return exchange.lease

    def _lease(self, program: Program) -> Generator[Step, None, Lease | None]:
        exchange = self._exchange(program)
        yield from self._run(exchange)
        self._story.dhcp_retries += exchange.retries
        _raise_of(exchange.failure)
        self._story.lease = exchange.lease
        return exchange.lease

    def _exchange(self, program: Program, *, only_offer: bool = False) -> Exchange:
        who = Identity(self._machine.mac, self._machine.uuid)
        return Exchange(who, program, self._chance.getrandbits(32), only_offer=only_offer)

    def _wait(self, seconds: float, *, own: bool = False) -> Steps:
        yield from self._run(Wait(seconds, own))
        if own:
            self._waited += seconds

    def _fetch(self, url: str, *, keep: bool = False) -> Generator[Step, None, tuple[bytes, float]]:
        """A file over HTTP or TFTP, as iPXE does it: what is in it, and when it was there."""
        scheme = urlsplit(url).scheme
        if scheme == "http":
            done = yield from self._download(url, IPXE_AGENT, keep=keep)
            return done.content, done.ended
        if scheme != "tftp" or self._story.lease is None:
            raise BootFailed(f"{url}: the simulator speaks HTTP and TFTP only")
        server, name = _tftp_place(url, self._story.lease)
        terms = kinds.IPXE[self._machine.kind].tftp
        read = yield from self._get(Reader(name, server, terms, keep=keep))
        return read.content, read.ended

    def _get(
        self, reader: Reader, *, may_be_missing: bool = False
    ) -> Generator[Step, None, Reader]:
        yield from self._run(reader)
        self._story.tftp_retries += reader.retries
        self._story.received += reader.received
        if not (reader.missing and may_be_missing):
            _raise_of(reader.failure)
        return reader

    def _download(
        self, url: str, agent: str, *, method: str = "GET", keep: bool = False
    ) -> Generator[Step, None, Download]:
        first = 0 if keep else self._orders.first
        for _ in range(_REDIRECTS):
            if urlsplit(url).scheme != "http":
                raise BootFailed(f"{url}: the simulator speaks HTTP and TFTP only")
            done = Download(url, agent, method=method, keep=keep, first=first)
            yield from self._run(done)
            self._story.received += done.received
            _raise_of(done.failure)
            if not done.location:
                return done
            url = urljoin(url, done.location)
        raise BootFailed(f"{url}: {_REDIRECTS} redirects, one after the other")

    def _run(self, step: Step) -> Generator[Step, None, None]:
        yield step
        self._now = step.ended

    # --- marks

    def _mark(self, stage: Stage, at: float) -> None:
        self._story.marks[stage] = at
        self._story.own_waits[stage] = self._waited

    def _is_far_enough(self, stage: Stage) -> bool:
        return self._orders.until is stage


def _raise_of(failure: str) -> None:
    if failure:
        raise BootFailed(failure)


def _tftp_place(name: str, lease: Lease) -> tuple[IPv4Address, str]:
    """Where a boot file is: of the next-server, unless it is a URL.

    Raises:
        BootFailed: it is a URL of something else than TFTP, or of a name.
    """
    if "://" not in name:
        return lease.next_server, name
    parts = urlsplit(name)
    if parts.scheme != "tftp" or parts.port not in {None, tftp.PORT}:
        raise BootFailed(f"the boot file {name} is not for TFTP")
    try:
        return IPv4Address(parts.hostname or ""), unquote(parts.path.lstrip("/"))
    except ValueError:
        raise BootFailed(f"{name}: the simulator asks no name server") from None


def _settings(machine: Machine, lease: Lease) -> dict[str, str]:
    """The settings of iPXE that scripts ask for."""
    return {
        "mac": machine.mac.hex(":"),
        "ip": str(lease.address),
        "next-server": str(lease.next_server),
        "gateway": str(lease.router or ""),
        "filename": lease.boot_file,
        "hostname": machine.name,
        "uuid": str(UUID(bytes_le=machine.uuid[1:])),
        "serial": machine.serial,
        "manufacturer": "Boots",
        "product": "simulated",
        "buildarch": "i386" if machine.kind is Kind.BIOS else "x86_64",
        "platform": "pcbios" if machine.kind is Kind.BIOS else "efi",
        "arch": "x86_64",
        "version": "1.21.1",
    }
