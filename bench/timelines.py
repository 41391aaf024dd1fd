"""What it costs to follow boots: CPU for each event as it is heard, and as boots are made of it.

.venv/bin/python bench/timelines.py
"""

import time
from collections.abc import Callable
from typing import Any

from boots.journal import events
from boots.journal.events import Entry
from boots.timeline.fleet import Timelines

START = 1_700_000_000.0
MACHINES = 10_000
NO_RECORD = "no record has this MAC"


def mac(number: int) -> str:
    """One of many MACs."""
    return f"02:00:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"


def exchange(number: int, at: float, program: str = "PXE ROM") -> list[Entry]:
    """An offer and an ACK for one machine."""
    said: dict[str, Any] = {
        "mac": mac(number),
        "interface": "eth1",
        "address": f"10.0.{number >> 8 & 255}.{number & 255}",
        "program": program,
        "architecture": "x64-uefi",
        "boot_file": "tftp://10.0.0.1/snponly.efi",
        "why": "x64-uefi loads snponly.efi over TFTP",
    }
    return [Entry(at, events.OfferSent(**said)), Entry(at + 0.01, events.AckSent(**said))]


def once() -> list[Entry]:
    """Ten thousand machines ask, each once, in one second."""
    return [
        entry for number in range(MACHINES) for entry in exchange(number, START + number / MACHINES)
    ]


def again() -> list[Entry]:
    """A hundred machines ask, each a hundred times in one second."""
    return [
        entry
        for turn in range(100)
        for number in range(100)
        for entry in exchange(number, START + turn / 200)
    ]


def strangers() -> list[Entry]:
    """Ten thousand machines without a record ask."""
    return [
        Entry(
            START + number / MACHINES,
            events.DhcpIgnored(
                mac=mac(number), interface="eth1", message="DISCOVER", why=NO_RECORD
            ),
        )
        for number in range(MACHINES)
    ]


def console() -> list[Entry]:
    """One machine says ten thousand lines in one second."""
    lines = [
        events.ConsoleLine(
            mac=mac(0),
            peer="10.0.0.0:514",
            severity="info",
            source="kernel",
            text=f"[{number}] usb 1-1: new high-speed USB device number {number} using xhci_hcd",
        )
        for number in range(MACHINES)
    ]
    told = [Entry(START + 1 + number / MACHINES, line) for number, line in enumerate(lines)]
    return [*exchange(0, START), *told]


STORMS: dict[str, Callable[[], list[Entry]]] = {
    "10,000 machines ask, each once": once,
    "100 machines ask, each 100 times": again,
    "10,000 machines without a record ask": strangers,
    "one machine says 10,000 lines": console,
}


def main() -> None:
    """Print a table."""
    print(f"{'what happens in a second':38} {'events':>7} {'heard, us/event':>16} {'us/boot':>8}")
    for name, storm in STORMS.items():
        entries = storm()
        best = min((measured(entries) for _ in range(5)), key=lambda pair: pair[0])
        boot = f"{best[1]:8.1f}" if best[1] else "       —"
        print(f"{name:38} {len(entries):7} {best[0]:16.2f} {boot}")


def measured(entries: list[Entry]) -> tuple[float, float]:
    """Microseconds of CPU for each event, and for each boot that is made of them."""
    timelines = Timelines()
    began = time.process_time()
    for first in range(0, len(entries), 256):
        timelines.write(entries[first : first + 256])
    heard = time.process_time()
    boots = len(timelines.changed())
    ended = time.process_time()
    each = (ended - heard) / boots * 1e6 if boots > 1 else 0.0  # of one alone nothing can be said
    return (heard - began) / len(entries) * 1e6, each


if __name__ == "__main__":
    main()
