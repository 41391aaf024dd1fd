"""Where fuzzing begins: what real clients sent, as the vectors have it."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from boots.wire import dhcp, pcap, syslog
from fuzz.places import ROOT

VECTORS = ROOT / "tests" / "vectors"
_DHCP = {dhcp.SERVER_PORT, dhcp.CLIENT_PORT, 4011}


def captures() -> list[Path]:
    """Every capture of the tree."""
    return sorted(VECTORS.glob("*/*.pcap"))


@cache
def _payloads() -> tuple[tuple[frozenset[int], bytes], ...]:
    return tuple(
        (frozenset({each.source_port, each.destination_port}), each.payload)
        for path in captures()
        for each in pcap.datagrams(path.read_bytes())
    )


def dhcp_messages() -> Iterator[bytes]:
    """The DHCP messages."""
    yield from (data for ports, data in _payloads() if ports & _DHCP)


def tftp_packets() -> Iterator[bytes]:
    """The TFTP packets but for those of the middle of files."""
    others = _DHCP | {syslog.PORT}
    yield from (data for ports, data in _payloads() if not ports & others and len(data) < 200)


def syslog_lines() -> Iterator[bytes]:
    """The lines."""
    yield from (data for ports, data in _payloads() if syslog.PORT in ports)
