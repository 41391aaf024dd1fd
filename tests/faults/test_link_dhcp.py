"""DHCP over bad links, with stock clients: a machine gets its own address, or none."""

import os
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from tests.faults.bad import Bad, Figures, bad, rounds
from tests.faults.test_link_tftp import FAULTS
from tests.peers.conftest import CLIENT, NIC, SERVER, Boots, boots, need, run

from boots.journal import events
from boots.wire.options import MessageType

pytestmark = pytest.mark.peers

DISCOVER, REQUEST, ACK = MessageType.DISCOVER, MessageType.REQUEST, MessageType.ACK
POOL = f"""\
state = "state"
[dhcp]
mode = "pool"
probe = false
[[subnets]]
network = "{SERVER.network}"
gateway = "{SERVER.ip}"
pool = ["192.168.70.100-192.168.70.149"]
"""
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
    for _ in range(times):
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
    figures.print()
    reserving.until(events.AckSent)
    assert {str(CLIENT.ip)} == {each.address for each in reserving.told(events.AckSent)}
    assert len(figures.failed) <= times // 20


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
