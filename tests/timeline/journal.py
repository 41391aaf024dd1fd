"""The journal of made-up boots: what a real server writes, with a real server's reasons."""

from boots.journal import events
from boots.journal.events import AnyEvent, Entry
from boots.timeline.fleet import Timelines
from boots.timeline.words import Boot, Finding, ForeignServer

MAC = "52:54:00:77:00:01"
OTHER = "52:54:00:77:00:02"
ADDRESS = "192.168.77.10"
PEER = f"{ADDRESS}:2000"
START = 1_700_000_000.0
BASE = f"http://192.168.77.1:8080/{MAC}"
SCRIPT_URL = f"{BASE}/auto.ipxe"
TFTP = f"tftp://192.168.77.1/{MAC}"
NO_FILE = 'there is no file "osie/vmlinuz-x86_64"'


def kernel_script(args: str = "console=tty0 panic=30", agent: bool = True, base: str = BASE) -> str:
    agents = f"boots.url={BASE} BOOTIF=01-52-54-00-77-00-01" if agent else ""
    return f"""#!ipxe
echo Boots: profile osie for {MAC}
set idx:int32 0
:kernel
kernel {base}/osie/vmlinuz-x86_64 initrd=initramfs-x86_64 {args} {agents} && goto kernel_done ||
:kernel_done
:initrd1
initrd {base}/osie/initramfs-x86_64 && goto initrd1_done ||
:initrd1_done
boot ||
imgfree
exit 1
"""


SCRIPT = kernel_script()
DISK_SCRIPT = (
    "#!ipxe\necho Boots: profile local-disk\nsanboot --no-describe --drive 0x80 ||\nexit 1\n"
)


def at(seconds: float, event: AnyEvent) -> Entry:
    return Entry(START + seconds, event)


def _answer(program: str, changes: dict[str, str]) -> dict[str, str]:
    plain = {
        "mac": MAC,
        "interface": "br-lab",
        "address": ADDRESS,
        "program": program,
        "architecture": "x64-uefi",
        "boot_file": SCRIPT_URL if program == "iPXE" else f"{TFTP}/snponly.efi",
        "why": "x64-uefi loads snponly.efi over TFTP",
    }
    if program == "an operating system":
        plain["boot_file"] = ""
        plain["why"] = "an operating system asks: it gets its address, and nothing to boot"
    return {**plain, **changes}


def offer(seconds: float, program: str = "PXE ROM", **changes: str) -> Entry:
    return at(seconds, events.OfferSent(**_answer(program, changes)))


def ack(seconds: float, program: str = "PXE ROM", **changes: str) -> Entry:
    return at(seconds, events.AckSent(**_answer(program, changes)))


def ignored(seconds: float, why: str, message: str = "DISCOVER", mac: str = MAC) -> Entry:
    return at(seconds, events.DhcpIgnored(mac=mac, interface="br-lab", message=message, why=why))


def _file(name: str, door: str, mac: str) -> dict[str, str]:
    return {"mac": mac, "peer": PEER, "door": door, "name": name}


def began(seconds: float, name: str, size: int, door: str = "http", mac: str = MAC) -> Entry:
    return at(seconds, events.TransferStarted(**_file(name, door, mac), size=size))


def sent(seconds: float, name: str, amount: int, size: int, door: str = "http") -> Entry:
    event = events.TransferProgressed(**_file(name, door, MAC), sent=amount, size=size)
    return at(seconds, event)


def arrived(seconds: float, name: str, size: int, door: str = "http", mac: str = MAC) -> Entry:
    event = events.TransferFinished(**_file(name, door, mac), size=size, seconds=0.1)
    return at(seconds, event)


def probed(seconds: float, name: str, size: int, door: str = "tftp") -> Entry:
    return at(seconds, events.TransferProbed(**_file(name, door, MAC), size=size))


def broke(seconds: float, name: str, why: str, amount: int = 512, door: str = "http") -> Entry:
    return at(seconds, events.TransferFailed(**_file(name, door, MAC), sent=amount, why=why))


def refused(seconds: float, name: str, why: str, door: str = "http") -> Entry:
    return at(seconds, events.FetchRefused(**_file(name, door, MAC), why=why))


def script(seconds: float, text: str = SCRIPT, problem: str = "", profile: str = "osie") -> Entry:
    event = events.ScriptServed(
        mac=MAC, peer=PEER, door="http", profile=profile, script=text, problem=problem
    )
    return at(seconds, event)


def rendered(seconds: float, name: str, source: str = "osie", door: str = "tftp") -> Entry:
    return at(seconds, events.FileRendered(**_file(name, door, MAC), source=source))


def line(seconds: float, text: str, source: str = "ipxe", mac: str = MAC) -> Entry:
    event = events.ConsoleLine(mac=mac, peer=PEER, severity="info", source=source, text=text)
    return at(seconds, event)


def agent(seconds: float, stage: str = "started", message: str = "agent 0.1.0") -> Entry:
    return at(seconds, events.AgentProgressed(mac=MAC, peer=PEER, stage=stage, message=message))


def inventory(seconds: float, then: str = "idle") -> Entry:
    said: dict[str, object] = {"system": {"uuid": "4c4c4544-0077", "product": "Lab machine"}}
    return at(seconds, events.InventoryReported(mac=MAC, peer=PEER, inventory=said, next=then))


def foreign(seconds: float, reply: str = "OFFER", mac: str = MAC, expected: bool = False) -> Entry:
    event = events.ForeignServerSeen(
        mac=mac,
        interface="br-lab",
        server="10.0.0.1",
        address="10.0.0.77",
        boot_file="",
        reply=reply,
        expected=expected,
    )
    return at(seconds, event)


SYSTEM = "an operating system"
FIRMWARE = [offer(4), ack(8)]
BOOT_FILE = [
    began(8.1, "snponly.efi", 300_000, "tftp"),
    probed(8.11, "snponly.efi", 300_000),
    began(8.2, "snponly.efi", 300_000, "tftp"),
    arrived(8.4, "snponly.efi", 300_000, "tftp"),
]
IPXE = [offer(10, "iPXE"), ack(10.1, "iPXE")]
LOADING = [
    script(10.2),
    began(10.3, "osie/vmlinuz-x86_64", 7_000_000),
    sent(11.3, "osie/vmlinuz-x86_64", 4_000_000, 7_000_000),
    arrived(12, "osie/vmlinuz-x86_64", 7_000_000),
    began(12.1, "osie/initramfs-x86_64", 32_000_000),
    arrived(14.1, "osie/initramfs-x86_64", 32_000_000),
]
OSIE = [offer(22, SYSTEM), ack(22.1, SYSTEM), agent(24), inventory(25)]
UP_TO_BOOT_FILE = [*FIRMWARE, *BOOT_FILE]
UP_TO_IPXE = [*UP_TO_BOOT_FILE, *IPXE]
UP_TO_INITRD = [*UP_TO_IPXE, *LOADING]
WHOLE = [*UP_TO_INITRD, *OSIE]


def later(entries: list[Entry], seconds: float) -> list[Entry]:
    """The same once more, so many seconds later."""
    return [Entry(entry.at + seconds, entry.event) for entry in entries]


def boots_after(*entries: Entry, until: float = 0.0) -> list[Boot]:
    """All boots of `MAC`, the earliest first, as they stand `until` seconds after the start."""
    timelines = Timelines(name_of=lambda mac: "demo-1" if mac == MAC else "")
    found = {boot.id: boot for boot in timelines.take(entries)}
    found |= {boot.id: boot for boot in timelines.tick(START + until)}
    return [boot for boot in found.values() if boot.mac == MAC]


def boot_after(*entries: Entry, until: float = 0.0) -> Boot:
    """The last of them."""
    return boots_after(*entries, until=until)[-1]


def finding_after(*entries: Entry, until: float = 0.0) -> Finding | None:
    return boot_after(*entries, until=until).finding


def foreign_server(first: float = START) -> ForeignServer:
    return ForeignServer(server="10.0.0.1", interface="br-lab", first=first, last=first)
