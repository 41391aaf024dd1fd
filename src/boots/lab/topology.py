"""The two networks that a machine can boot in, made and unmade.

`direct`: the machine and the server are on one bridge.  `relayed`: the server is in a network
namespace of its own, behind a router that relays DHCP with ISC's ``dhcrelay`` and says so in
option 82::

    machine -- br-lab 192.168.77.1 [router and relay] 192.168.78.2 -- 192.168.78.1 server
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
from boots.lab.errors import LabError
from boots.lab.isolation import NotPermittedError, inside

RELAY = "dhcrelay"
BRIDGE = "br-lab"
TAP = "tap-lab"
CLIENTS = IPv4Interface("192.168.77.1/24")
"""The bridge: the server itself when `direct`, the router when `relayed`."""

SERVER = IPv4Interface("192.168.78.1/24")
ROUTER = IPv4Interface("192.168.78.2/24")
SERVER_NAMESPACE = "server"
SERVER_SIDE = "to-relay"
ROUTER_SIDE = "to-server"


class RelayError(LabError):
    """The relay did not start; the text is what it said."""


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
        made.enter_context(_relay(log))
        yield Topology(TAP, BRIDGE, SERVER_SIDE, SERVER.ip, space)


def relay_command() -> list[str]:
    """ISC's relay in the foreground: option 82 added, clients below, the server above."""
    return [
        *(RELAY, "-4", "-d", "-a", "--no-pid"),
        *("-id", BRIDGE, "-iu", ROUTER_SIDE),
        str(SERVER.ip),
    ]


@contextlib.contextmanager
def _relay(log: Path) -> Iterator[None]:
    if shutil.which(RELAY) is None:
        raise RelayError(f"no {RELAY}: install the package isc-dhcp-relay")
    with log.open("wb") as output:
        process = subprocess.Popen(
            relay_command(), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        _wait_until_listening(process, log)
        yield
    finally:
        process.terminate()
        process.wait(timeout=5)


def _wait_until_listening(process: subprocess.Popen[bytes], log: Path, timeout: float = 5) -> None:
    deadline = time.monotonic() + timeout
    while b"Sending on   Socket" not in (said := log.read_bytes()):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise RelayError(f"dhcrelay did not start: {said.decode(errors='replace').strip()}")
        time.sleep(0.02)


def _only_inside() -> None:
    if not inside():
        raise NotPermittedError(
            "the lab makes its networks only in a network namespace of its own: "
            "call boots.lab.isolation.enter first"
        )
