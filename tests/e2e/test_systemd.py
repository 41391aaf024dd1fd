"""The service as an operator has it: installed, started, held and stopped by a real systemd."""

import os
import re
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Interface
from pathlib import Path

import pytest
from tests.e2e.installed import BRIDGE, HOST, Installed, disk, running
from tests.peers.conftest import need, run
from tests.peers.test_unit import HIGHEST

from boots.lab import network

pytestmark = [pytest.mark.e2e, pytest.mark.wide, pytest.mark.timeout(900)]

CLIENT = IPv4Interface("192.168.78.10/24")
MAC = "52:54:00:78:00:10"
RECORD = f"""\
machines:
  - {{name: one, mac: "{MAC}", address: {CLIENT}, gateway: {HOST.ip}}}
"""
URL = f"http://{HOST.ip}:8080/auto.ipxe"


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made before there is a namespace of ours, in which no package can be had."""
    given = os.environ.get("INSTALLED_DEBIAN", "")
    return Path(given) if given else disk(tmp_path_factory.mktemp("installed"), RECORD)


@pytest.fixture(scope="module")
def machine(installed: Path, namespace: str) -> Iterator[tuple[str, Installed]]:
    """The machine that serves; who is in the namespace is its client, by the bridge."""
    with running(installed) as made:
        network.set_mac(BRIDGE, MAC)
        network.bring_up(BRIDGE, CLIENT)
        made.up()
        made.says("systemctl is-system-running --wait", within=400)
        yield namespace, made


@pytest.fixture
def served(machine: tuple[str, Installed]) -> Iterator[Installed]:
    """The machine, with its service as it was installed before and after."""
    _, made = machine
    assert "active" == made.says("systemctl is-active boots")
    yield made
    made.says("systemctl is-active boots || systemctl restart boots", within=300)


def lease(namespace: str) -> str:
    """What a stock client says that asks for an address."""
    words = ["udhcpc", "-f", "-q", "-n", "-t", "12", "-T", "5", "-s", "/bin/true", "-i", BRIDGE]
    done = run(namespace, need("busybox"), *words, timeout=90)
    return done.stdout + done.stderr


def script(namespace: str, url: str = URL) -> str:
    """What a machine's iPXE would get."""
    return run(namespace, need("curl"), "-sS", "-m", "60", url, timeout=90).stdout


def shown(made: Installed, name: str) -> str:
    """A property of the unit, as systemd has it."""
    return made.says(f"systemctl show --value -p {name} boots")


def status_of(made: Installed) -> dict[str, str]:
    """The kernel's word on the server."""
    lines = made.says(f"cat /proc/{shown(made, 'MainPID')}/status").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def within(made: Installed, command: str) -> tuple[int, str]:
    """What a command does that sees the files which the server sees; it is root, still."""
    return made.ask(f"nsenter --mount --target {shown(made, 'MainPID')} sh -c '{command}'")


def test_the_system_is_up_and_nothing_failed(served: Installed) -> None:
    assert "running" == served.says("systemctl is-system-running")
    assert "success" == shown(served, "Result")
    assert "0" == shown(served, "NRestarts")


def test_it_is_a_user_of_its_own_with_one_privilege(served: Installed) -> None:
    status = status_of(served)
    users = {int(each) for each in status["Uid"].split()}
    assert 1 == len(users)
    assert 61184 <= users.pop() <= 65519  # the range of DynamicUser=
    assert 1 << 13 == int(status["CapEff"], 16) == int(status["CapPrm"], 16)  # CAP_NET_RAW
    assert 0 == int(status["CapAmb"], 16)
    assert ("1", "2") == (status["NoNewPrivs"], status["Seccomp"])
    assert "CAP_NET_RAW, Landlock, seccomp" in served.says("journalctl -b -u boots")


def test_its_doors_are_open_where_they_should_be(served: Installed) -> None:
    lines = served.says("ss -Hlntup").splitlines()
    bound = {line.split()[4] for line in lines if '"boots"' in line}
    ip = HOST.ip
    machines = {"0.0.0.0%eth0:67", f"{ip}:69", f"{ip}:514", f"{ip}:8080"}
    assert machines | {"127.0.0.1:8081"} == bound


def test_systemd_finds_as_little_open_as_the_unit_says(served: Installed) -> None:
    said = served.says("systemd-analyze security --no-pager boots.service")
    found = re.search(r"Overall exposure level for boots.service: ([\d.]+)", said)
    assert found is not None, said
    assert float(found[1]) <= HIGHEST


@pytest.mark.parametrize("place", ["/etc/here", "/etc/boots/here", "/usr/here", "/opt/boots/here"])
def test_it_cannot_write_where_it_has_nothing_to_write(served: Installed, place: str) -> None:
    status, said = within(served, f"touch {place}")
    assert (1, True) == (status, "Read-only file system" in said), said


def test_it_sees_neither_homes_nor_disks(served: Installed) -> None:
    assert "somebody" == served.says("ls /home")
    assert (0, "") == within(served, "ls -A /home")
    assert (0, "") == within(served, "ls -A /root")
    assert 0 != within(served, "test -e /dev/vda")[0]
    assert 0 == within(served, "test -e /dev/null")[0]


def test_what_it_keeps_is_its_own_alone(served: Installed) -> None:
    user = status_of(served)["Uid"].split()[0]
    folders = [f"/var/{each}/private/boots" for each in ("lib", "cache", "log")]
    assert [user] * 3 == served.says(f"stat -c %u {' '.join(folders)}").split()
    kept = served.says(f"find {' '.join(folders)} -type f").splitlines()
    assert {"boots.db", "journal.jsonl"} <= {each.rpartition("/")[2] for each in kept}
    assert "" == served.says(f"find {' '.join(folders)} -type f -perm /077")
    assert "" == served.says(f"find {' '.join(folders)} ! -user {user}")


def test_a_client_gets_its_address_and_its_script(
    machine: tuple[str, Installed], served: Installed
) -> None:
    namespace, _ = machine
    assert f"lease of {CLIENT.ip} obtained" in lease(namespace)
    assert script(namespace).startswith("#!ipxe")
    assert script(namespace, f"tftp://{HOST.ip}/auto.ipxe").startswith("#!ipxe")
    assert "AckSent" in served.says("cat /var/log/boots/journal.jsonl")


def test_a_reload_brings_settings_into_force_in_the_same_process(
    machine: tuple[str, Installed], served: Installed
) -> None:
    namespace, _ = machine
    before = shown(served, "MainPID")
    served.says("printf '[dhcp]\nlease_time = 4321\n' >>/etc/boots/boots.toml")
    served.says("systemctl reload boots")
    assert "lease time 4321" in _until(lambda: lease(namespace), "lease time 4321")
    assert before == shown(served, "MainPID")


def test_a_restart_keeps_what_was_ordered(
    machine: tuple[str, Installed], served: Installed
) -> None:
    namespace, _ = machine
    before = shown(served, "MainPID")
    served.says("boots netboot one off", within=200)
    served.says("systemctl restart boots", within=300)
    assert before != shown(served, "MainPID")
    assert '"off"' in served.says("curl -s http://127.0.0.1:8081/v1/machines/one")
    served.says("boots netboot one as-recorded", within=200)
    assert f"lease of {CLIENT.ip} obtained" in lease(namespace)


def test_what_was_killed_is_started_again(
    machine: tuple[str, Installed], served: Installed
) -> None:
    namespace, _ = machine
    served.says("systemctl kill --signal KILL boots")
    assert f"lease of {CLIENT.ip} obtained" in _until(lambda: lease(namespace), "obtained")
    assert "1" == shown(served, "NRestarts")
    served.says("systemctl restart boots", within=300)


def test_it_stops_in_good_order(served: Installed) -> None:
    served.says("systemctl stop boots", within=200)
    assert ("success", "0") == (shown(served, "Result"), shown(served, "ExecMainStatus"))
    assert "" == served.says("ss -Hlntup | grep boots || true")
    last = served.says("tail -n 1 /var/log/private/boots/journal.jsonl")
    assert "ServerStopped" in last
    served.says("systemctl start boots", within=300)


def test_a_wrong_record_is_named_in_the_last_line_of_its_log(served: Installed) -> None:
    served.says("systemctl stop boots", within=200)
    served.says("cp /etc/boots/machines/machines.yaml /run/good")
    served.says("echo '  - {name: two, mac: nonsense}' >>/etc/boots/machines/machines.yaml")
    status, _ = served.ask("systemctl start boots", within=300)
    assert 0 != status
    lines = served.says("journalctl -b -u boots -o cat _SYSTEMD_UNIT=boots.service")
    assert "machines.yaml:3" in lines.splitlines()[-1]
    served.says("cp /run/good /etc/boots/machines/machines.yaml; systemctl restart boots", 300)


def test_with_its_sockets_it_binds_nothing_and_nobody_is_refused_meanwhile(
    machine: tuple[str, Installed], served: Installed
) -> None:
    namespace, _ = machine
    served.says("systemctl stop boots", within=200)
    served.says("mkdir -p /etc/systemd/system/boots.service.d")
    served.says(
        f"sed -i 's/192.0.2.1/{HOST.ip}/' /etc/systemd/system/boots-*.socket; printf "
        "'[Service]\nAmbientCapabilities=\nAmbientCapabilities=CAP_NET_RAW\n"
        "CapabilityBoundingSet=\nCapabilityBoundingSet=CAP_NET_RAW\n' "
        ">/etc/systemd/system/boots.service.d/sockets.conf; systemctl daemon-reload"
    )
    names = " ".join(f"boots-{each}.socket" for each in ("dhcp", "tftp", "http", "syslog"))
    served.says(f"systemctl start {names} boots", within=300)
    assert 1 << 13 == int(status_of(served)["CapBnd"], 16)
    served.says("systemctl --no-block restart boots")
    assert f"lease of {CLIENT.ip} obtained" in lease(namespace)
    assert script(namespace).startswith("#!ipxe")
    served.says(f"systemctl stop boots {names}", within=200)
    served.says("rm /etc/systemd/system/boots.service.d/sockets.conf; systemctl daemon-reload")
    served.says("systemctl start boots", within=300)


def test_after_a_power_cycle_it_serves_again(
    machine: tuple[str, Installed], served: Installed
) -> None:
    namespace, _ = machine
    served.ask("systemctl reboot")
    served.up()
    served.says("systemctl is-system-running --wait", within=400)
    assert f"lease of {CLIENT.ip} obtained" in lease(namespace)


def _until(what: Callable[[], str], word: str, within: float = 200) -> str:
    deadline = time.monotonic() + within
    while word not in (said := what()):
        assert time.monotonic() < deadline, said
    return said
