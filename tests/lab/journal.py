"""A boot's journal, made up: the entries that a server writes while one machine boots."""

from boots.journal import events
from boots.journal.events import AnyEvent, Entry

MAC = "52:54:00:77:00:01"
OTHER = "52:54:00:77:00:99"
START = 1000.0
SCRIPT = """#!ipxe
set base http://192.168.77.1:8080/osie
kernel ${base}/vmlinuz-x86_64 initrd=initramfs-x86_64 console=ttyS0
initrd ${base}/initramfs-x86_64
boot
"""
INVENTORY: dict[str, object] = {
    "firmware": "uefi",
    "cpu": {"model": "A  CPU", "count": 2},
    "memory": {"bytes": 512 << 20},
    "disks": [{"name": "vda", "bytes": 1 << 30, "transport": "virtio", "serial": "S1"}],
    "nics": [{"name": "eth0", "mac": MAC, "driver": "virtio_net", "boot": True}],
    "system": {"manufacturer": "Boots", "product": "Lab machine", "serial": "BOOTS-LAB-1"},
}


def at(seconds: float, event: AnyEvent) -> Entry:
    return Entry(START + seconds, event)


def offer(seconds: float, program: str, **changes: str) -> Entry:
    return at(seconds, events.OfferSent(**_answer(program, changes)))


def ack(seconds: float, program: str, **changes: str) -> Entry:
    return at(seconds, events.AckSent(**_answer(program, changes)))


def _answer(program: str, changes: dict[str, str]) -> dict[str, str]:
    plain = {
        "mac": MAC,
        "interface": "br-lab",
        "address": "192.168.77.10",
        "program": program,
        "architecture": "x64 UEFI",
        "boot_file": "snponly.efi",
        "why": "it boots OSIE",
    }
    return {**plain, **changes}


def _file(name: str, door: str) -> dict[str, str]:
    return {"mac": MAC, "peer": "192.168.77.10:2000", "door": door, "name": name}


def began(seconds: float, name: str, size: int, door: str = "http") -> Entry:
    return at(seconds, events.TransferStarted(**_file(name, door), size=size))


def sent(seconds: float, name: str, amount: int, size: int, door: str = "http") -> Entry:
    return at(seconds, events.TransferProgressed(**_file(name, door), sent=amount, size=size))


def arrived(seconds: float, name: str, size: int, door: str = "http") -> Entry:
    return at(seconds, events.TransferFinished(**_file(name, door), size=size, seconds=0.1))


def broke(seconds: float, name: str, door: str = "http") -> Entry:
    return at(seconds, events.TransferFailed(**_file(name, door), sent=512, why="no ACK for 20 s"))


def refused(seconds: float, name: str, door: str = "http") -> Entry:
    return at(seconds, events.FetchRefused(**_file(name, door), why="no such file"))


def script(seconds: float, text: str = SCRIPT) -> Entry:
    return at(
        seconds,
        events.ScriptServed(
            mac=MAC, peer="192.168.77.10:3000", door="http", profile="osie", script=text
        ),
    )


def progressed(seconds: float, stage: str = "started") -> Entry:
    event = events.AgentProgressed(mac=MAC, peer="", stage=stage, message="agent 0.1.0")
    return at(seconds, event)


def inventory(seconds: float) -> Entry:
    event = events.InventoryReported(mac=MAC, peer="", inventory=INVENTORY, next="poweroff")
    return at(seconds, event)


WHOLE = [
    offer(4.0, "PXE ROM"),
    ack(8.0, "PXE ROM"),
    began(8.1, "snponly.efi", 1000, "tftp"),
    arrived(8.2, "snponly.efi", 1000, "tftp"),
    offer(10.0, "iPXE"),
    ack(10.1, "iPXE"),
    script(10.2),
    began(10.3, "/osie/vmlinuz-x86_64", 2000),
    sent(10.4, "/osie/vmlinuz-x86_64", 1500, 2000),
    arrived(10.5, "/osie/vmlinuz-x86_64", 2000),
    began(10.6, "/osie/initramfs-x86_64", 3000),
    arrived(10.8, "/osie/initramfs-x86_64", 3000),
    ack(16.0, "an operating system"),
    progressed(17.0),
    inventory(17.5),
]
"""A good boot of a UEFI machine, all but its end."""
