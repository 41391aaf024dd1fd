"""The networks that a machine can boot in, made and unmade.

`direct`: the machine and the server are on one bridge.  `relayed`: the server is in a network
namespace of its own, behind a router that relays DHCP with ISC's ``dhcrelay`` and says so in
option 82::

    machine -- br-lab 192.168.77.1 [router and relay] 192.168.78.2 -- 192.168.78.1 server

`beside`: as `direct`, and ``dnsmasq`` on the same bridge gives all addresses and knows nothing of
booting.

`far`: the server is on no bridge, but at the other end of a bad link from it.
"""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from boots.lab import network
from boots.lab.emulator import End, linked
from boots.lab.errors import LabError
from boots.lab.isolation import NotPermittedError, inside
from boots.lab.link import Link

RELAY = "dhcrelay"
OTHER_DHCP = "dnsmasq"
BRIDGE = "br-lab"
TAP = "tap-lab"
CLIENTS = IPv4Interface("192.168.77.1/24")
"""The bridge: the server itself when `direct`, the router when `relayed`."""

SERVER = IPv4Interface("192.168.78.1/24")
ROUTER = IPv4Interface("192.168.78.2/24")
OTHER = IPv4Interface("192.168.77.2/24")
OTHER_NAMESPACE = "other"
OTHER_SIDE = "to-lab"
OTHER_PORT = "to-other"
LEASES = ("192.168.77.100", "192.168.77.150")
"""What ``dnsmasq`` gives out, from the first to the last."""

FAR, FAR_PORT = "far-lab", "to-far"
_PATIENCE = 5.0  # seconds that a program may take to begin

SERVER_NAMESPACE = "server"
SERVER_SIDE = "to-relay"
ROUTER_SIDE = "to-server"


class RelayError(LabError):
    """The relay or the other DHCP server did not start; the text is what it said."""


@dataclass(frozen=True)
class Topology:
    """Where things are: the machine's tap, and where the server listens."""

    tap: str
    bridge: str
    server_interface: str
    server_address: IPv4Address
    namespace: str | None
    """The network namespace that the server must run in; None for ours."""

    @property
    def server_prefix(self) -> tuple[str, ...]:
        """The words before the server's command."""
        return network.in_namespace(self.namespace)


@contextlib.contextmanager
def direct() -> Iterator[Topology]:
    """One bridge with one tap; the server's address is the bridge's."""
    _only_inside()
    network.quieten()
    with network.bridge(BRIDGE, CLIENTS), network.tap(TAP, BRIDGE):
        yield Topology(TAP, BRIDGE, BRIDGE, CLIENTS.ip, None)


@contextlib.contextmanager
def far(there: Link, back: Link) -> Iterator[Topology]:
    """One bridge with one tap, and a link `there` from it to the server, and `back`."""
    _only_inside()
    network.quieten()
    with (
        network.bridge(BRIDGE),
        network.tap(TAP, BRIDGE),
        linked(End(FAR_PORT, bridge=BRIDGE), End(FAR, CLIENTS), there, back),
    ):
        yield Topology(TAP, BRIDGE, FAR, CLIENTS.ip, None)


@contextlib.contextmanager
def relayed(log: Path) -> Iterator[Topology]:
    """The server behind a relay; `log` is where the relay writes what it does."""
    _only_inside()
    network.quieten()
    network.forward()
    with contextlib.ExitStack() as made:
        made.enter_context(network.bridge(BRIDGE, CLIENTS))
        made.enter_context(network.tap(TAP, BRIDGE))
        space = made.enter_context(network.named(SERVER_NAMESPACE))
        made.enter_context(network.cable(ROUTER_SIDE, ROUTER, SERVER_SIDE, SERVER, space))
        network.route(CLIENTS.network, ROUTER.ip, space)
        said = b"Sending on   Socket"
        made.enter_context(_daemon(RELAY, "isc-dhcp-relay", relay_command(), said, log))
        yield Topology(TAP, BRIDGE, SERVER_SIDE, SERVER.ip, space)


@contextlib.contextmanager
def beside(log: Path) -> Iterator[Topology]:
    """As `direct`, beside another DHCP server; `log` is where that one writes what it does."""
    with direct() as place, contextlib.ExitStack() as made:
        space = made.enter_context(network.named(OTHER_NAMESPACE))
        made.enter_context(network.plug(OTHER_PORT, BRIDGE, OTHER_SIDE, OTHER, space))
        command = [*network.in_namespace(space), *other_command(log.with_suffix(".pid"))]
        made.enter_context(_daemon(OTHER_DHCP, "dnsmasq-base", command, b"DHCP, IP range", log))
        yield place


def other_command(pid_file: Path) -> list[str]:
    """The other server in the foreground: dnsmasq, with addresses for all and nothing else.

    It does not probe addresses first, or each OFFER would be 3 s late.
    """
    return [
        *(OTHER_DHCP, "--no-daemon", "--conf-file=/dev/null", "--port=0", "--user=root"),
        *(f"--interface={OTHER_SIDE}", "--no-ping", "--leasefile-ro", "--log-dhcp"),
        *(f"--dhcp-range={','.join(LEASES)},1h", f"--dhcp-option=3,{CLIENTS.ip}"),
        f"--pid-file={pid_file}",
    ]


def relay_command() -> list[str]:
    """ISC's relay in the foreground: option 82 added, clients below, the server above."""
    return [
        *(RELAY, "-4", "-d", "-a", "--no-pid"),
        *("-id", BRIDGE, "-iu", ROUTER_SIDE),
        str(SERVER.ip),
    ]


@contextlib.contextmanager
def _daemon(
    program: str, package: str, command: list[str], ready: bytes, log: Path
) -> Iterator[None]:
    """A program that runs meanwhile; it is `ready` when it says so."""
    if shutil.which(program) is None:
        raise RelayError(f"no {program}: install the package {package}")
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        _wait_until_ready(process, program, ready, log)
        yield
    finally:
        process.terminate()
        process.wait(timeout=5)


def _wait_until_ready(
    process: subprocess.Popen[bytes], program: str, ready: bytes, log: Path
) -> None:
    deadline = time.monotonic() + _PATIENCE
    while ready not in (said := log.read_bytes()):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise RelayError(f"{program} did not start: {said.decode(errors='replace').strip()}")
        time.sleep(0.02)


def _only_inside() -> None:
    if not inside():
        raise NotPermittedError(
            "the lab makes its networks only in a network namespace of its own: "
            "call boots.lab.isolation.enter first"
        )
