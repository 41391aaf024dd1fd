"""Ten boots that are broken on purpose: the page, the API and ``boots explain`` name the cause.

Firmware, iPXE, kernels and the other DHCP server are real in all of them, and so is what breaks
them.  Each prints how long after the break the cause was on the page.
"""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

import pytest
from tests.app.certificates import issue
from tests.e2e.test_eyes import Osie
from tests.e2e.watched import BRIDGE, NAME, RECORD, SERVER, Watched, watched
from tests.peers.conftest import need, space, started
from tests.web.browser import Browser

from boots.journal import events
from boots.journal.events import AnyEvent
from boots.lab import network
from boots.lab.firmware import Firmware
from boots.lab.words import MAC
from boots.timeline.words import Finding, State

pytestmark = pytest.mark.e2e

MISTYPED = "52:54:00:77:00:11"
OTHER = IPv4Interface("192.168.77.2/24")
PROFILES = "BOOTS_BOOT_PROFILES"
ACK, FETCHED, SCRIPT = events.AckSent, events.TransferFinished, events.ScriptServed
IGNORED, FULL = events.DhcpIgnored, events.StoreTroubled


@dataclass
class Lab:
    """What breaks a boot, and who looks on."""

    namespace: str
    browser: Browser
    folder: Path

    @contextmanager
    def watched(
        self, more: str = "", environment: Mapping[str, str] | None = None, **how: Any
    ) -> Iterator[Watched]:
        """The server, with more lines in the machine's record."""
        how = {"records": f"{RECORD}{more}", **how}
        environment = {**(environment or {}), **self._profiles()}
        with watched(
            self.namespace, self.browser, self.folder, environment=environment, **how
        ) as boot:
            yield boot

    def profile(self, name: str, text: str, **files: bytes) -> str:
        """A profile in a folder of its own, with files beside it; the record's line for it."""
        folder = self.folder / "profiles" / name
        folder.mkdir(parents=True)
        (folder / "profile.yaml").write_text(f"name: {name}\n{text}\n")
        for file, content in files.items():
            (folder / file).write_bytes(content)
        return f"    profile: {name}\n"

    def _profiles(self) -> dict[str, str]:
        place = self.folder / "profiles"
        return {PROFILES: str(place)} if place.exists() else {}


@pytest.fixture
def lab(namespace: str, browser: Browser, tmp_path: Path) -> Lab:
    return Lab(namespace, browser, tmp_path)


def named(
    boot: Watched,
    code: str,
    *words: str,
    state: State | None = None,
    broke: type[AnyEvent],
    within: float,
    **fields: object,
) -> Finding:
    """What was found: the same, with these words, on the page, over the API, and by the command.

    `broke` is the event of the break, and `within` are the seconds after it.
    """
    page = boot.window(f"/machines/{NAME}")
    broken = boot.moment(broke, **fields)

    def found() -> Finding | None:
        finding = boot.api.explain(MAC).finding
        if finding is None or finding.code != code:
            return None
        said = f"{finding.title} {finding.advice}"
        return finding if all(word in said for word in words) else None

    finding: Finding = boot.until(found, within=within + 5)
    boot.until(lambda: finding.title in page.text(), within=10)
    told, command = page.text(), boot.explain()
    advice = finding.advice.replace("`", "")  # the page shows what is to be typed otherwise
    page.pictures(boot.folder, code)
    took = min(at for what, at in page.seen().items() if finding.title in what) - broken
    print(f"\n  {code:20} {took:5.1f} s after {broke.__name__}")

    assert [] == [each for each in (advice, code) if each not in told]
    assert [] == [each for each in (finding.title, finding.advice) if each not in command]
    assert f"{code})" in command
    assert state is None or f"is {state.value}" in page.seen()
    assert took <= within
    return finding


def test_a_boot_file_for_another_kind_of_machine(lab: Lab) -> None:
    with lab.watched("    boot_file: undionly.kpxe\n") as boot, boot.power(Firmware.UEFI):
        words = ("undionly.kpxe", "a program for bios, not for x64-uefi")
        named(boot, "boot-file-doubtful", *words, state=State.FAILED, broke=FETCHED, within=8)


def test_a_kernel_that_is_not_there(lab: Lab) -> None:
    profile = lab.profile("gone", "kernel: vmlinuz-6.1")
    with lab.watched(profile) as boot, boot.power(Firmware.BIOS):
        words = ('there is no file "profiles/gone/vmlinuz-6.1"',)
        named(boot, "script-unwritable", *words, state=State.FAILED, broke=SCRIPT, within=2)


@contextmanager
def closed(port: int) -> Iterator[None]:
    """A firewall on the server that drops what comes to this UDP port."""
    rules = f"table inet lab {{ chain in {{ type filter hook input priority 0; udp dport {port}"
    subprocess.run([need("nft"), f"{rules} drop; }}; }}"], check=True)
    try:
        yield
    finally:
        subprocess.run(["nft", "delete table inet lab"], check=True)


@pytest.mark.wide
def test_a_firewall_on_the_port_of_tftp(lab: Lab) -> None:
    with lab.watched() as boot, closed(69), boot.power(Firmware.UEFI):
        words = ("192.168.77.10", f"tftp://192.168.77.1/{MAC}/snponly.efi", "firewall", "UDP 69")
        named(boot, "nothing-fetched", *words, state=State.STUCK, broke=ACK, within=23)


@contextmanager
def another_server(folder: Path) -> Iterator[None]:
    """dnsmasq on the same bridge, which gives addresses and says that nobody else need be heard."""
    with space() as other, network.plug("to-other", BRIDGE, "other", OTHER, other):
        command = [
            *(need("dnsmasq"), "--no-daemon", "--conf-file=/dev/null", "--port=0", "--user=root"),
            *("--interface=other", "--no-ping", "--leasefile-ro", f"--pid-file={folder / 'pid'}"),
            "--dhcp-range=192.168.77.100,192.168.77.150,1h",
            "--dhcp-option-force=encap:175,176,1b",
        ]
        with started(other, *command) as process:
            assert process.stdout is not None
            while b"DHCP, IP range" not in process.stdout.readline():
                assert process.poll() is None
            yield


def test_another_dhcp_server_that_is_faster(lab: Lab) -> None:
    with (
        lab.watched(delay=0.1) as boot,
        another_server(lab.folder),
        boot.power(Firmware.BIOS),
    ):
        words = ("192.168.77.2", "the client took the offer")
        how: Any = {"broke": events.ForeignServerSeen, "reply": "REQUEST", "within": 8}
        named(boot, "foreign-server-won", *words, state=State.FAILED, **how)
        boot.window("/").pictures(lab.folder, "fleet")
        assert ["192.168.77.2"] == [each.server for each in boot.api.foreign().servers]


def test_netboot_that_is_off(lab: Lab) -> None:
    with lab.watched("    netboot: off\n") as boot, boot.power(Firmware.BIOS):
        words = ("Netboot is off", MAC)
        named(boot, "netboot-off", *words, state=State.DONE, broke=ACK, within=2)


def test_a_mac_that_is_mistyped_by_one_digit(lab: Lab) -> None:
    """The machine that asks has no page; that of its record, which nobody asks for, tells of it."""
    record = RECORD.replace(MAC, MISTYPED)
    with lab.watched(records=record) as boot, boot.power(Firmware.BIOS):
        fleet = boot.window("/")
        words = (f"No record has {MAC}", f"{MISTYPED} ({NAME})")
        finding = named(boot, "stranger", *words, state=State.UNSEEN, broke=IGNORED, within=8)
        of_record = boot.api.explain(MISTYPED).finding
        assert of_record is not None
        assert finding.title == of_record.title
        boot.until(lambda: f"{MAC} has no record, but is nearly {MISTYPED}" in fleet.text(), 5)
        fleet.pictures(lab.folder, "fleet")
        [other] = boot.api.discovered().discovered
        assert (MAC, MISTYPED) == (other.stranger.mac, other.stranger.nearest)


def test_a_kernel_that_panics(lab: Lab, osie: Osie) -> None:
    """Nobody hears the panic: the kernel starts the machine anew, which is heard."""
    kernel = Path(osie("cloud"), "vmlinuz-x86_64").read_bytes()
    text = "kernel: vmlinuz\ninitrds: [empty]\nargs: [console=ttyS0, quiet, panic=1]"
    profile = lab.profile("panics", text, vmlinuz=kernel, empty=bytes(512))
    with lab.watched(profile) as boot, boot.power(Firmware.BIOS, reboot=True) as machine:
        words = ("vmlinuz and empty", "panic=1", "most likely panicked")
        boot.until(lambda: 2 <= boot.count(events.ScriptServed), within=60)
        assert "Kernel panic - not syncing" in machine.files.console.read_text(errors="replace")
        how: Any = {"broke": FETCHED, "name": "profiles/panics/empty", "within": 60}
        named(boot, "panic-likely", *words, state=State.RUNNING, **how)
        assert "panic=1" in boot.api.machine(NAME).line.finding


def filled(folder: Path) -> None:
    """Write until there is no room."""
    with (folder / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass


def test_a_disk_that_is_full(lab: Lab, osie: Osie) -> None:
    """The machine boots all the same; what there is to be seen of it then is not written down."""
    state = lab.folder / "small"
    state.mkdir()
    # In the server's own mount namespace: nobody else sees it, and it goes with the server.
    mounted = f'mount -t tmpfs -o size=4m,mode=700 tmpfs {state} && exec "$@"'
    environment = {"BOOTS_STATE": str(state), "BOOTS_BOOT_OSIE": osie("cloud")}
    with lab.watched(environment=environment, before=("sh", "-c", mounted, "sh")) as boot:
        filled(Path(f"/proc/{boot.server.process.pid}/root{state}"))
        with boot.power(Firmware.BIOS):
            words = (str(state / "boots.db"), "database or disk is full")
            named(boot, "store-troubled", *words, broke=FULL, within=7)
            boot.until(lambda: State.DONE is boot.api.machine(NAME).line.state, within=60)
        [trouble] = boot.api.health().troubles
        assert "database or disk is full" in trouble.what


def test_a_certificate_that_the_firmware_does_not_trust(lab: Lab) -> None:
    now = datetime.now(UTC)
    span = {"start": now - timedelta(days=1), "end": now + timedelta(days=9)}
    own, other = issue(names=(), addresses=(str(SERVER.ip),), **span), issue("another", **span)
    for name, content in (("own", own.pem), ("key", own.key_pem), ("other", other.der)):
        (lab.folder / name).write_bytes(content)
    environment = {
        "BOOTS_HTTP_CERTIFICATE": str(lab.folder / "own"),
        "BOOTS_HTTP_KEY": str(lab.folder / "key"),
        "BOOTS_HTTP_URL": f"https://{SERVER.ip}:8443",
    }
    trusted = str(lab.folder / "other")
    with (
        lab.watched(environment=environment) as boot,
        boot.power(Firmware.UEFI_HTTP, authority=trusted),
    ):
        words = (f"https://192.168.77.1:8443/{MAC}/snponly.efi", "not trust our certificate")
        named(boot, "tls-refused", *words, state=State.FAILED, broke=events.TlsRefused, within=2)


def test_a_machine_that_goes_round(lab: Lab) -> None:
    profile = lab.profile("round", "script: round.ipxe", **{"round.ipxe": b"#!ipxe\nreboot\n"})
    environment = {"BOOTS_BOOT_LOOP_LIMIT": "3"}
    with lab.watched(profile, environment) as boot, boot.power(Firmware.BIOS, reboot=True):
        words = (MAC, "went round 3 times", "the script of profile round")
        named(boot, "loop-held", *words, state=State.HELD, broke=events.LoopBroken, within=2)
        held = "it loaded its script 3 times"
        boot.until(lambda: any(held in each.why for each in boot.told(events.AckSent)), within=20)
        advice = boot.api.explain(MAC).finding
        assert advice is not None
        assert "the script of profile round and was not heard of again" in advice.advice
