"""The table of findings: a boot for each row that it is found in, from events a server writes."""

from dataclasses import dataclass

import pytest
from msgspec.structs import replace
from tests.timeline.journal import (
    BASE,
    BOOT_FILE,
    FIRMWARE,
    IPXE,
    LOADING,
    MAC,
    START,
    SYSTEM,
    TFTP,
    UP_TO_BOOT_FILE,
    UP_TO_INITRD,
    UP_TO_IPXE,
    WHOLE,
    ack,
    agent,
    arrived,
    at,
    began,
    boot_after,
    boots_after,
    broke,
    finding_after,
    foreign,
    ignored,
    kernel_script,
    later,
    line,
    offer,
    refused,
    script,
    sent,
)

from boots.journal import events
from boots.journal.events import Entry
from boots.timeline import knowledge
from boots.timeline.fleet import Timelines
from boots.timeline.knowledge import ROWS, told_of_machines
from boots.timeline.words import State, Stranger

PROXY = {"address": ""}
HTTPS = {"program": "UEFI HTTP", "boot_file": f"https://boots.example:8443/{MAC}/snponly.efi"}
HTTP = {"program": "UEFI HTTP", "boot_file": f"{BASE}/snponly.efi"}
OFF = {"boot_file": "", "why": "netboot is off for this machine"}
OWN = {"boot_file": "", "why": "its record names a boot server of its own"}
KERNEL, INITRD = "osie/vmlinuz-x86_64", "osie/initramfs-x86_64"
HELD = "it loaded its script 10 times and nothing came of it: held for 3500 s more"


def without(why: str) -> dict[str, str]:
    return {"boot_file": "", "why": why}


def tls(seconds: float) -> Entry:
    why = "the client does not trust the certificate: alert unknown ca"
    return at(seconds, events.TlsRefused(peer="192.168.77.10:3000", why=why))


def doubtful(seconds: float) -> Entry:
    why = "it is a program for arm64"
    event = events.BootFileDoubtful(mac=MAC, name="mine.efi", architecture="x64-uefi", why=why)
    return at(seconds, event)


def loading(name: str, seconds: float = 9) -> list[Entry]:
    """A boot file arrives."""
    begins = began(seconds, name, 300_000, "tftp")
    return [*FIRMWARE, begins, arrived(seconds + 0.3, name, 300_000, "tftp")]


def virtualbox(entries: list[Entry]) -> list[Entry]:
    """The same of a machine with VirtualBox's MAC."""
    own = "08:00:27:00:00:01"
    return [
        Entry(entry.at, type(entry.event)(**{**_fields(entry.event), "mac": own}))
        for entry in entries
    ]


def _fields(event: events.AnyEvent) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__struct_fields__}


@dataclass(frozen=True)
class Found:
    """A boot that a row is found in, the words that its title must have, and when it is so."""

    entries: list[Entry]
    says: str = ""
    until: float = 0.0
    closed: bool = False
    state: State | None = None


def said(text: str, source: str = "ipxe", after: list[Entry] | None = None) -> Found:
    """It is on the console."""
    before = after if after is not None else [*UP_TO_IPXE, script(10.2)]
    return Found([*before, line(30, text, source)], text.partition(" (")[0])


FOUND: dict[str, Found] = {
    "loop-held": Found(
        [
            *UP_TO_INITRD,
            at(15, events.LoopBroken(mac=MAC, count=10, why="nothing came of the scripts")),
        ],
        "10 times",
    ),
    "no-root": said("Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block"),
    "kernel-panic": said("Kernel panic - not syncing: Attempted to kill init!", "kernel", WHOLE),
    "initrd-damaged": said("Initramfs unpacking failed: write error", "kernel", UP_TO_INITRD),
    "osie-memory": said(
        "OSIE: the image did not fit into this machine's memory (256 MiB)", "osie", UP_TO_INITRD
    ),
    "osie-boot-interface": said(
        "OSIE: no boot interface yet: BOOTIF is '01-52'", "osie", UP_TO_INITRD
    ),
    "osie-no-address": said("OSIE: no DHCP answer on eth0 in 8 s", "osie", UP_TO_INITRD),
    "agent-failed": Found([*UP_TO_INITRD, agent(30, "failed", "no disks")], "no disks"),
    "inventory-refused": said(
        "the server refused the inventory: 403", "osie", [*UP_TO_INITRD, agent(24)]
    ),
    "dracut": said("dracut-initqueue: FATAL: no root device found", "dracut", UP_TO_INITRD),
    "iso-unpatched": Found(
        [
            arrived(1, KERNEL, 100),
            at(2, events.IsoUnpatched(mac=MAC, peer="192.168.77.10:1", source="hook.iso")),
        ],
        "hook.iso",
        until=400,
    ),
    "chain-loop": Found(
        [
            entry
            for turn in range(4)
            for entry in later([*IPXE, arrived(10.5, "undionly.kpxe", 70_000, "tftp")], 10 * turn)
        ],
        "undionly.kpxe again and again",
    ),
    "tls-refused": Found([offer(4, **HTTPS), ack(8, **HTTPS), tls(9)], "unknown ca"),
    "foreign-server-won": Found(
        [offer(4), ignored(8, "the client took the offer of 10.0.0.1", "REQUEST")],
        "10.0.0.1",
        until=15,
    ),
    "foreign-server-taken": Found([offer(4), foreign(5, "ACK")], "10.0.0.1", until=15),
    "foreign-server-denied": Found([offer(4), ack(5), foreign(6, "NAK")], "10.0.0.1", until=60),
    "nak": Found(
        [offer(4), at(5, events.NakSent(mac=MAC, interface="br-lab", why="it has another"))],
        "it has another",
        until=60,
    ),
    "went-to-disk": Found([*FIRMWARE, ack(60, SYSTEM)], "on its disk"),
    "netboot-off": Found([offer(4, **OFF), ack(8, **OFF)], "Netboot is off", state=State.DONE),
    "boots-elsewhere": Found([offer(4, **OWN), ack(8, **OWN)], "boot server of its own"),
    "no-option-93": Found(
        [offer(4, **without("the client does not say its architecture (option 93)"))],
        "option 93",
        until=20,
    ),
    "boot-file-unknown": Found(
        [offer(4, **without("its record names x.efi, which is not among the boot files"))],
        "x.efi",
        until=20,
    ),
    "no-boot-file": Found(
        [offer(4, **without("no boot file is installed for riscv64-uefi (option 93: 27)"))],
        "riscv64-uefi",
        until=20,
    ),
    "lease-unwritable": Found(
        [ignored(4, "its lease cannot be written down: No space left on device")], "No space left"
    ),
    "pool-used-up": Found([ignored(4, "the pool of 192.0.2.0/24 is used up")], "192.0.2.0/24"),
    "no-pool": Found([ignored(4, "192.0.2.0/24 has no pool")], "192.0.2.0/24"),
    "no-address": Found([ignored(4, "its record has no address")], MAC),
    "dhcp-off": Found([ignored(4, "DHCP is off for this interface")], MAC),
    "wrong-network": Found(
        [ignored(4, "its record has 192.0.2.7, it asks from 198.51.100.0/24")], "198.51.100.0/24"
    ),
    "answer-unsendable": Found(
        [ignored(4, "the answer to 192.0.2.1 could not be sent: Network is unreachable")],
        "192.0.2.1",
    ),
    "relay-impossible": Found(
        [ignored(4, "its relay's address 255.1.1.1 cannot be one machine's")], "255.1.1.1"
    ),
    "not-answered": Found([ignored(4, "an address of its pool is being probed")], "being probed"),
    "address-in-use": Found(
        [*FIRMWARE, at(9, events.AddressDeclined(mac=MAC, interface="b", address="192.168.77.10"))],
        "192.168.77.10",
    ),
    "never-asks-4011": Found([offer(4, **PROXY), offer(8, **PROXY)], "4011", until=60),
    "relay-silent": Found([offer(4, relay="10.9.0.1")], "10.9.0.1", until=60),
    "offer-not-taken-beside-another": Found([offer(4), foreign(4.1)], "10.0.0.1", until=60),
    "offer-not-taken": Found([offer(4), offer(8), offer(16)], "192.168.77.10", until=60),
    "proxy-boot-file-lost": Found(
        [offer(4, **PROXY, architecture="bios", boot_file=f"{TFTP}/undionly.kpxe")],
        "undionly.kpxe",
        until=60,
    ),
    "nothing-fetched-beside-another": Found(
        [*FIRMWARE, foreign(8.1)], "10.0.0.1 gives addresses", until=60
    ),
    "https-not-fetched": Found(
        [offer(4, **HTTPS), ack(8, **HTTPS)], "https://boots.example", until=60
    ),
    "http-not-fetched": Found([offer(4, **HTTP), ack(8, **HTTP)], "snponly.efi", until=60),
    "nothing-fetched": Found(FIRMWARE, f"192.168.77.10 and did not fetch {TFTP}", until=60),
    "server-stopped": Found(
        [*FIRMWARE, broke(9, "snponly.efi", "the server is stopping", 7, "tftp")], "snponly.efi"
    ),
    "file-unreadable": Found(
        [*FIRMWARE, refused(9, "snponly.efi", '"snponly.efi" cannot be sent: Input/output error')],
        "Input/output error",
    ),
    "too-many-transfers": Found(
        [*FIRMWARE, refused(9, "snponly.efi", "too many transfers, try again", "tftp")],
        "snponly.efi",
    ),
    "address-unknown": Found(
        [*FIRMWARE, refused(9, "snponly.efi", "no machine of ours asks", "tftp")], "snponly.efi"
    ),
    "client-unheard": Found(
        [*FIRMWARE, broke(6, "snponly.efi", "no word of the client after 4 tries", 0, "tftp")],
        "nothing ever came back",
    ),
    "path-mtu": Found(
        [*FIRMWARE, broke(12, "snponly.efi", "no answer to 8 tries", 0, "tftp")], "full packets"
    ),
    "transfer-lost": Found(
        [*FIRMWARE, broke(12, "snponly.efi", "no answer to 8 tries", 99_000, "tftp")], "99000"
    ),
    "client-ended-it": Found(
        [*FIRMWARE, broke(9, "big.efi", "the client ended it: no room (error 3)", 99_000, "tftp")],
        "no room",
        until=20,
    ),
    "transfer-broke": Found(
        [
            *UP_TO_IPXE,
            *LOADING[:5],
            broke(20, INITRD, "the client closed the connection", 9_000_000),
        ],
        "9000000 of 32000000",
        until=30,
    ),
    "boot-file-missing": Found(
        [*FIRMWARE, refused(9, "x.efi", 'there is no file "x.efi"', "tftp")], "x.efi", until=20
    ),
    "boot-file-refused": Found(
        [*FIRMWARE, refused(9, "x.efi", "files cannot be written here", "tftp")], "x.efi", until=20
    ),
    "path-mtu-http": Found(
        [*UP_TO_IPXE, *LOADING[:2], sent(13, KERNEL, 243, 7_000_000)],
        "before the first full packets",
        until=60,
    ),
    "transfer-stalled": Found(
        [*UP_TO_IPXE, *LOADING[:2], sent(13, KERNEL, 1_000_000, 7_000_000)],
        "1000000 of 7000000",
        until=60,
    ),
    "boot-file-doubtful": Found(
        [offer(4), doubtful(4), ack(8), *loading("mine.efi")[2:]], "mine.efi cannot run", until=60
    ),
    "wrong-architecture": Found(
        loading("snponly-arm64.efi"), "snponly-arm64.efi is no program for x64-uefi", until=60
    ),
    "boot-file-passed-over": Found(
        [*loading("mine.efi"), *later([offer(4, **HTTP)], 5.4)], "mine.efi, could not", until=90
    ),
    "shim-alone": Found(loading("shimx64.efi"), "shim arrived", until=60),
    "grub-silent": Found(loading("grubx64.efi"), "grub.cfg", until=60),
    "boot-file-not-started": Found(
        [*loading("mine.efi"), *later(FIRMWARE, 15)], "mine.efi, could not start it", closed=True
    ),
    "ipxe-own-drivers": Found(loading("ipxe.efi"), "ipxe.efi arrived", until=60),
    "ipxe-silent": Found(UP_TO_BOOT_FILE, "snponly.efi arrived", until=60),
    "secure-boot-refused": said("Could not boot: Permission denied (https://ipxe.org/0200a0)"),
    "ipxe-certificate": said("Permission denied (https://ipxe.org/0216eb8f)"),
    "ipxe-tls": said("Operation not permitted (https://ipxe.org/410de18f)"),
    "ipxe-not-found": said("No such file or directory (https://ipxe.org/2d0c618e)"),
    "ipxe-refused": said("Permission denied (https://ipxe.org/020c618f)"),
    "ipxe-timeout": said("Connection timed out (https://ipxe.org/4c0a6092)"),
    "ipxe-no-route": said("Network unreachable (https://ipxe.org/28086090)"),
    "ipxe-reset": said("Connection reset (https://ipxe.org/0f0a6095)"),
    "ipxe-unsupported": said("Operation not supported (https://ipxe.org/3c092083)"),
    "ipxe-exec-format": said("Could not select: Exec format error (https://ipxe.org/2e008081)"),
    "ipxe-memory": said("Not enough space (https://ipxe.org/31006002)"),
    "ipxe-no-address": said(
        "No configuration methods succeeded (https://ipxe.org/040ee119)", after=UP_TO_BOOT_FILE
    ),
    "ipxe-no-driver": said("No more network devices", after=UP_TO_BOOT_FILE),
    "ipxe-io-error": said("Input/output error (https://ipxe.org/1d0c6139)"),
    "ipxe-error": said("Error 0x7f (https://ipxe.org/7f22208e)"),
    "script-unwritable": Found(
        [*UP_TO_IPXE, script(10.2, problem='there is no profile "debain"', profile="")], "debain"
    ),
    "script-refused": Found([*UP_TO_IPXE, refused(10.2, "auto.ipxe", "held")], "held"),
    "kernel-missing": Found(
        [*UP_TO_IPXE, script(10.2), refused(10.3, KERNEL, f'there is no file "{KERNEL}"')],
        "vmlinuz-x86_64",
    ),
    "initrd-missing": Found(
        [*UP_TO_IPXE, *LOADING[:4], refused(12.3, INITRD, f'there is no file "{INITRD}"')],
        "initramfs-x86_64",
    ),
    "file-refused": Found(
        [*UP_TO_IPXE, script(10.2), refused(10.3, KERNEL, "not for you")], "not for you", until=20
    ),
    "virtualbox-rom": Found(virtualbox(IPXE), "VirtualBox", until=60),
    "script-https": Found(
        [*UP_TO_BOOT_FILE, ack(10, "iPXE", boot_file="https://boots.example/auto.ipxe")],
        "https://boots.example/auto.ipxe",
        until=60,
    ),
    "script-not-fetched": Found(UP_TO_IPXE, f"{BASE}/auto.ipxe", until=60),
    "kernel-elsewhere": Found(
        [*UP_TO_IPXE, script(10.2, kernel_script(base="http://mirror.example/debian"))],
        "was not heard of again",
        until=400,
    ),
    "kernel-not-fetched": Found([*UP_TO_IPXE, script(10.2)], "vmlinuz-x86_64", until=100),
    "image-not-taken": Found(
        [*UP_TO_IPXE, *LOADING[:4], arrived(14, KERNEL, 7_000_000), arrived(16, KERNEL, 7_000_000)],
        "vmlinuz-x86_64 3 times",
    ),
    "initrd-not-fetched": Found([*UP_TO_IPXE, *LOADING[:4]], "initramfs-x86_64", until=100),
    "panic-likely": Found([*UP_TO_INITRD, *later(FIRMWARE, 60)], "panic=30", closed=True),
    "kernel-restarted": Found(
        [*UP_TO_INITRD, *later(FIRMWARE, 16)], "began anew 6 s later", closed=True
    ),
    "kernel-silent": Found(UP_TO_INITRD, "no system was heard", until=400),
    "system-offer-not-taken": Found([*UP_TO_INITRD, offer(22, SYSTEM)], "did not take", until=300),
    "agent-silent": Found([*UP_TO_INITRD, ack(22, SYSTEM)], "its agent was not heard", until=300),
    "inventory-missing": Found(
        [*UP_TO_INITRD, ack(22, SYSTEM), agent(23)], "sent no inventory", until=300
    ),
    "server-cannot-write": Found(
        [
            *IPXE,
            arrived(11, "mine.efi", 9, "tftp"),
            at(21, events.StoreTroubled(why="No space left on device")),
        ],
        "this server cannot write down what happens",
        until=400,
    ),
    "began-anew": Found(
        [*UP_TO_IPXE, *LOADING[:3], *later(FIRMWARE, 40)], "after the kernel", closed=True
    ),
    "silent": Found(
        [*IPXE, arrived(11, "mine.efi", 9, "tftp")], "more than 45 s after the boot file", until=100
    ),
    "loop": Found([e for n in range(4) for e in later(UP_TO_INITRD, 60 * n)], "4 times in a row"),
    "slow-port": Found([*UP_TO_BOOT_FILE, *later(IPXE, 30)], "waits"),
    "slow-tftp": Found(
        [*FIRMWARE, began(9, "a.efi", 900_000, "tftp"), arrived(30, "a.efi", 900_000, "tftp")],
        "slowly",
    ),
}


def codes() -> list[str]:
    return [row.code for row in ROWS]


def test_every_row_is_found_in_a_boot() -> None:
    assert sorted(codes()) == sorted(FOUND)


def test_no_code_is_there_twice() -> None:
    assert sorted(set(codes())) == sorted(codes())


@pytest.mark.parametrize("code", codes())
def test_a_row_is_found_where_it_holds(code: str) -> None:
    found = FOUND[code]
    timelines = Timelines()
    boots = {boot.id: boot for boot in timelines.take(found.entries)}
    boots |= {boot.id: boot for boot in timelines.tick(START + found.until)}
    boot = list(boots.values())[-2 if found.closed else -1]
    (row,) = [row for row in ROWS if row.code == code]

    assert boot.finding is not None
    assert code == boot.finding.code
    assert found.says in boot.finding.title
    assert "{" not in boot.finding.title + boot.finding.advice
    assert boot.finding.evidence
    if found.state or row.state:
        expected = State.FAILED if found.closed else found.state or row.state
        assert expected is boot.state


@pytest.mark.parametrize("length", range(1, len(WHOLE) + 1))
def test_nothing_is_found_while_a_good_boot_goes_on(length: int) -> None:
    entries = WHOLE[:length]
    quiet = entries[-1].at - START + 4

    assert finding_after(*entries, until=quiet) is None


def test_a_finding_stands_still_while_nothing_new_is_heard() -> None:
    timelines = Timelines()
    timelines.take(FIRMWARE)

    (boot,) = timelines.tick(START + 60)
    assert (State.STUCK, "nothing-fetched") == (boot.state, boot.finding and boot.finding.code)
    assert () == timelines.tick(START + 5000)


def test_a_machine_that_goes_on_is_no_longer_stuck() -> None:
    timelines = Timelines()
    timelines.take(FIRMWARE)
    timelines.tick(START + 60)

    (boot,) = timelines.take([began(70, "snponly.efi", 9, "tftp")])
    assert (State.RUNNING, None) == (boot.state, boot.finding)


def test_a_held_machine_that_is_back_is_told_what_led_to_it_not_that_it_is_held() -> None:
    held = {"boot_file": "", "why": HELD}
    broken = at(75, events.LoopBroken(mac=MAC, count=2, why="nothing came of the scripts"))
    entries = [*UP_TO_INITRD, *later(UP_TO_INITRD, 60), broken]
    again = [entry for n in (120, 180) for entry in later([offer(4, "iPXE", **held)], n)]
    timelines = Timelines()
    timelines.take([*entries, *again])

    before = timelines.before(MAC)
    assert before is not None
    assert "panic-likely" == before.code


def test_what_was_wrong_before_is_known_until_something_comes_of_a_boot() -> None:
    timelines = Timelines()
    timelines.take([*UP_TO_INITRD, *later(UP_TO_INITRD, 60)])
    wrong = timelines.before(MAC)
    timelines.take(later([*WHOLE[len(UP_TO_INITRD) :]], 60))

    assert wrong is not None
    assert "panic-likely" == wrong.code
    assert timelines.before(MAC) is None
    assert timelines.before("52:54:00:77:00:99") is None


def test_edk2_that_goes_on_to_http_boot_shows_that_a_doubtful_boot_file_does_not_run() -> None:
    entries = [offer(4), doubtful(4), ack(8), *loading("mine.efi")[2:]]
    waiting = finding_after(*entries, until=9.5)
    onwards = finding_after(*entries, offer(9.4, **HTTP), until=9.5)

    assert waiting is None
    assert onwards is not None
    assert "boot-file-doubtful" == onwards.code


def test_a_held_machine_is_told_what_was_found_before() -> None:
    held = {"boot_file": "", "why": HELD}
    entries = [*UP_TO_INITRD, *later(UP_TO_INITRD, 60), *later([offer(4, **held)], 120)]
    finding = finding_after(*entries)

    assert finding is not None
    assert "panic=30" in finding.advice


def test_a_server_that_is_expected_takes_no_blame() -> None:
    finding = finding_after(*FIRMWARE, foreign(8.1, expected=True), until=60)

    assert "nothing-fetched" == (finding and finding.code)


def test_a_panic_is_not_suspected_of_a_kernel_that_spoke() -> None:
    first, _ = boots_after(*UP_TO_INITRD, ack(20, SYSTEM), *later(FIRMWARE, 60))

    assert (State.FAILED, "agent-silent") == (first.state, first.finding and first.finding.code)


def test_a_stranger_is_told_of_the_nearest_record() -> None:
    stranger = Stranger(
        mac=MAC, interface="eth1", first=1, last=2, nearest=MAC[:-1] + "2", nearest_name="web-2"
    )

    assert "52:54:00:77:00:02 (web-2)" in knowledge.of_stranger(stranger).title
    far = Stranger(mac=MAC, interface="eth1", first=1, last=2)
    assert f"No record has {MAC}" == knowledge.of_stranger(far).title


def test_a_boot_that_failed_ends_where_it_was_heard_last() -> None:
    first, _ = boots_after(*UP_TO_INITRD, *later(FIRMWARE, 60))

    assert first.heard == first.ended
    assert 0 == boot_after(*UP_TO_INITRD).ended


def test_the_lines_that_iPXE_says_of_a_good_boot_are_no_finding() -> None:  # noqa: N802
    lines = [line(10.3, f"{BASE}/auto.ipxe... ok"), line(10.4, f"Boots: profile osie for {MAC}")]

    assert finding_after(*UP_TO_IPXE, script(10.2), *lines) is None


def test_a_raspberry_pi_needs_no_boot_file_in_its_offer() -> None:
    why = without("no boot file is installed for arm64-uefi (option 93: 0)")
    asked = [offer(4, **why), ack(4.1, **why)]
    fetched = [arrived(4.3, "1234abcd/start4.elf", 9, "tftp")]
    missing = refused(4.4, "1234abcd/pieeprom.sig", "there is no file", "tftp")

    assert finding_after(*asked, until=8) is None
    assert finding_after(*asked, *fetched, missing, until=20) is None
    assert "no-boot-file" == getattr(finding_after(*asked, until=20), "code", "")


def test_a_file_that_is_probed_for_is_not_missed() -> None:
    missing = refused(9, "revocations.efi", 'there is no file "revocations.efi"', "tftp")

    assert finding_after(*FIRMWARE, *BOOT_FILE, missing, until=20) is None


def test_what_is_wrong_with_the_server_is_evidence_and_not_for_all() -> None:
    found = FOUND["server-cannot-write"]
    timelines = Timelines()
    timelines.take(found.entries)
    [boot] = timelines.tick(START + found.until)

    assert boot.finding is not None
    assert "No space left" in boot.finding.evidence[-1]
    told = told_of_machines(boot.finding)
    assert told is not None
    assert (boot.finding.title, boot.finding.advice) == (told.title, told.advice)
    assert () == told.evidence
    old = replace(boot.finding, title=f"{boot.finding.title}: No space left")
    assert told == told_of_machines(old), "as versions before told it"
    assert told_of_machines(timelines.trouble()) is None
    assert told_of_machines(None) is None
