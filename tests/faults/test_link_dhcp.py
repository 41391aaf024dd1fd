"""DHCP over bad links, with stock clients: a machine gets its own address, or none."""

import os
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest
from tests.faults.bad import Bad, Figures, bad, rounds
from tests.faults.test_link_tftp import FAULTS
from tests.peers.conftest import CLIENT, LAN, MAC, NIC, SERVER, Boots, boots, need, run, space

from boots.journal import events
from boots.lab import network, said
from boots.lab.emulator import End, linked
from boots.wire import dhcp, ip
from boots.wire.options import MessageType

pytestmark = pytest.mark.peers

SCRIPT = """\
#!/bin/sh
[ "$1" = bound ] && echo "bound $ip"
"""
STRANGER = bytes.fromhex("525400700051")
RELAY = IPv4Address("192.168.70.20")
US = SERVER.ip


@pytest.fixture(scope="module")
def link() -> Iterator[Bad]:
    with bad(seed=11) as made:
        yield made


@pytest.fixture(scope="module")
def reserving(link: Bad, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boots]:
    with boots(link.server, tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.mark.parametrize("times", rounds(1, 25))
@pytest.mark.parametrize("fault", FAULTS)
def test_a_machine_gets_its_own_address_or_none(
    link: Bad, reserving: Boots, tmp_path: Path, fault: str, times: int
) -> None:
    script = tmp_path / "script"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    words = ["udhcpc", "-f", "-q", "-n", "-t", "6", "-T", "1", "-i", NIC, "-s", script]
    figures = Figures(f"DHCP, {fault}, udhcpc")
    reserving.mark()
    while len(figures.seconds) < times:
        link.become(FAULTS[fault])
        try:
            with figures.timed():
                got = run(link.client, need("busybox"), *words, timeout=60).stdout.split()
        finally:
            link.mend()
        if not got:
            figures.seconds.pop()
            figures.failed.append("no lease")
        assert got in ([], ["bound", str(CLIENT.ip)])
        assert len(figures.failed) <= max(1, times // 20)
    figures.print()
    reserving.until(events.AckSent)
    assert {str(CLIENT.ip)} == {each.address for each in reserving.told(events.AckSent)}


@pytest.mark.parametrize("times", rounds(1, 10))
def test_dhclient_gets_its_own_address_with_all_faults_at_once(
    link: Bad, reserving: Boots, tmp_path: Path, times: int
) -> None:
    script, out = tmp_path / "script", tmp_path / "out"
    script.write_text(
        '#!/bin/sh\n[ "$reason" = BOUND ] && echo "$new_ip_address" > "$OUT"\nexit 0\n'
    )
    script.chmod(0o755)
    (tmp_path / "conf").write_text("timeout 30;\ninitial-interval 1;\nbackoff-cutoff 2;\n")
    until_bound = '"$@" & p=$!; until [ -s "$OUT" ]; do sleep 0.1; done; kill $p'
    waiting = (need("timeout"), "45", "sh", "-c", until_bound, "sh")
    figures = Figures("DHCP, all at once, dhclient")
    for number in range(times):
        words = (
            *(need("dhclient"), "-4", "-d", "-1", "-e", f"OUT={out}", "-sf", script),
            *("-lf", tmp_path / f"leases-{number}", "-pf", tmp_path / "pid"),
            *("-cf", tmp_path / "conf", NIC),
        )
        link.become(FAULTS["all at once"])
        try:
            with figures.timed():
                run(link.client, *waiting, *words, timeout=60, env={**os.environ, "OUT": str(out)})
        finally:
            link.mend()
        assert str(CLIENT.ip) == out.read_text().strip()
        out.unlink()
    figures.print()


SECOND = IPv4Interface("192.168.70.2/24")


@contextmanager
def two_servers(folder: Path, fault: str) -> Iterator[tuple[str, Boots, Boots]]:
    """A client on a bridge, with a server behind a bad link, and one behind a good link."""
    with space() as one, space() as other, space() as client, ExitStack() as made:
        for words in (
            ("link", "add", NIC, "address", MAC, "type", "bridge"),
            ("link", "set", NIC, "up"),
        ):
            assert 0 == run(client, "ip", *words).returncode
        for port, server, address, said_of in (
            ("to-bad", one, SERVER, fault),
            ("to-good", other, SECOND, ""),
        ):
            near, far = End(port, namespace=client, bridge=NIC), End(LAN, address, server)
            made.enter_context(linked(near, far, *said.links(said_of), seed=9))
        for name in ("one", "other"):
            (folder / name).mkdir()
        servers = [
            made.enter_context(boots(space_of, folder / name))
            for name, space_of in (("one", one), ("other", other))
        ]
        yield client, servers[0], servers[1]


@pytest.mark.parametrize("times", rounds(2, 25))
def test_of_two_servers_with_the_same_records_one_may_be_hardly_heard(
    tmp_path: Path, times: int
) -> None:
    script = tmp_path / "script"
    script.write_text('#!/bin/sh\n[ "$1" = bound ] && echo "bound $ip $serverid"\n')
    script.chmod(0o755)
    words = ["udhcpc", "-f", "-q", "-n", "-t", "6", "-T", "1", "-i", NIC, "-s", script]
    figures, by = (
        Figures("DHCP, two servers, one loses half of all packets, udhcpc"),
        Counter[str](),
    )
    with two_servers(tmp_path, "drop=50%") as (client, bad_one, good_one):
        for _ in range(times):
            with figures.timed():
                got = run(client, need("busybox"), *words, timeout=60).stdout.split()
            assert got[:2] in ([], ["bound", str(CLIENT.ip)])
            by[got[2] if got else "neither"] += 1
        good_one.until(events.OfferSent)
        assert [] == bad_one.told(events.NakSent) + good_one.told(events.NakSent)
        assert {str(CLIENT.ip)} >= {each.address for each in bad_one.told(events.AckSent)}
    figures.notes.append(f"served by {dict(by)}")
    figures.print()
    # Who has taken the offer of the one that is hardly heard stays with it for a while.
    assert by["neither"] <= times // 5


def forge(sock: socket.socket, kind: MessageType, most: int) -> None:
    """Answer the first REQUESTs as if one were a DHCP server, until the socket is closed."""
    while most:
        frame = sock.recv(4096)
        if frame[34:38] != b"\0\x44\0\x43":
            continue
        asked = dhcp.decode(frame[42:])
        if asked.kind is not MessageType.REQUEST:
            continue
        most -= 1
        said_so = {53: bytes([kind]), 54: SECOND.ip.packed, 51: (60).to_bytes(4)}
        wrong = IPv4Address("192.168.70.222") if kind is MessageType.ACK else IPv4Address(0)
        reply = dhcp.Message(
            op=2, xid=asked.xid, chaddr=asked.chaddr, yiaddr=wrong, options=said_so
        )
        ends = (SECOND.ip, 67), (IPv4Address("255.255.255.255"), 68)
        sock.send(b"\xff" * 6 + b"\2\0\0\0\0\2\x08\0" + ip.udp(*ends, dhcp.encode(reply)))


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(MessageType.NAK, id="NAK"),
        pytest.param(MessageType.ACK, id="ACK", marks=pytest.mark.wide),
    ],
)
def test_a_forged_answer_is_told_and_changes_nothing_at_the_server(
    tmp_path: Path, kind: MessageType
) -> None:
    """What the client makes of it is its own affair: DHCP has no secret."""
    script = tmp_path / "script"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    words = ["udhcpc", "-f", "-q", "-n", "-t", "6", "-T", "1", "-i", NIC, "-s", script]
    with lan_with_a_forger(tmp_path) as (client, forger, server):
        thread = threading.Thread(target=forge, args=(forger, kind, 1))
        thread.start()
        run(client, need("busybox"), *words, timeout=60)
        thread.join(20)
        got = run(client, need("busybox"), *words, timeout=60).stdout.split()
        seen = server.until(events.ForeignServerSeen, reply=kind.name)

    assert ["bound", str(CLIENT.ip)] == got
    assert str(SECOND.ip) == seen.server


@contextmanager
def lan_with_a_forger(folder: Path) -> Iterator[tuple[str, socket.socket, Boots]]:
    """A client and a server on a bridge, and a third party that hears and sends what it likes."""
    with space() as server, space() as client, ExitStack() as made:
        for words in (
            ("link", "add", LAN, "type", "bridge", "forward_delay", "0", "stp_state", "0"),
            ("address", "add", str(SERVER), "dev", LAN),
            ("link", "set", LAN, "up"),
        ):
            assert 0 == run(server, "ip", *words).returncode
        for port, far in (
            ("to-client", End(NIC, namespace=client, mac=MAC)),
            ("to-forger", End("forger", namespace=client)),
        ):
            made.enter_context(linked(End(port, namespace=server, bridge=LAN), far))
        with network.within(client):
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
        made.enter_context(sock)
        sock.bind(("forger", 0x0800))
        sock.settimeout(15)
        yield client, sock, made.enter_context(boots(server, folder))
