"""What of this host's own network settings is in the way of a boot server."""

import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address
from pathlib import Path

from boots.doctor.place import Place
from boots.doctor.words import Finding, Severity
from boots.wire import tftp

_AROUND_A_BLOCK = 32  # the headers of IP, UDP and TFTP
_SHOWN = 3
_STRICT = "1"


def drops() -> tuple[str, ...]:
    """Lines of the firewall that drop something, as far as it can be read."""
    for program in (("nft", "list", "ruleset"), ("iptables-save",)):
        if shutil.which(program[0]) is None:
            continue
        try:
            done = subprocess.run(program, capture_output=True, text=True, timeout=5, check=False)
        except (OSError, subprocess.SubprocessError):
            continue
        lines = [line.strip() for line in done.stdout.splitlines()]
        found = [
            line
            for line in lines
            if {"drop", "reject", "drop;", "DROP", "REJECT"} & {*line.split()}
        ]
        if found:
            more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
            return tuple(f"firewall: {line}" for line in found[:_SHOWN] + more)
    return ()


def strict(interface: str, root: Path = Path("/proc/sys/net/ipv4/conf")) -> bool:
    """Whether packets are dropped that came by another way than answers to them would take."""
    values = []
    for name in ("all", interface):
        try:
            values.append((root / name / "rp_filter").read_text().strip())
        except OSError:
            continue
    return max(values, default="0") == _STRICT


def way_to(address: IPv4Address) -> IPv4Address:
    """The address of ours that packets to somewhere leave from; 0.0.0.0 for no way."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((str(address), tftp.PORT))
        except OSError:
            return IPv4Address(0)
        return IPv4Address(sock.getsockname()[0])


def judge(
    place: Place, mtu: int, largest_block: int, *, is_strict: bool, lost: Sequence[str]
) -> Iterator[Finding]:
    """`lost` are networks that settings describe, and whose answers leave by another interface."""
    if largest_block + _AROUND_A_BLOCK > mtu:
        yield Finding(
            code="mtu",
            severity=Severity.ERROR,
            title=f"tftp.largest_block is {largest_block}, and the MTU of {place.interface} {mtu}",
            advice=f"set it to {mtu - _AROUND_A_BLOCK} at most: larger packets come in fragments,"
            " which firmware does not put together",
            interface=place.interface,
        )
    if is_strict and lost:
        yield Finding(
            code="rp-filter",
            severity=Severity.WARNING,
            title=f"what comes from {', '.join(lost)} by {place.interface} may be dropped",
            advice=f"sysctl net.ipv4.conf.{place.interface}.rp_filter=2 and …all.rp_filter=2:"
            " answers leave by another interface, and the kernel filters by that",
            interface=place.interface,
        )
