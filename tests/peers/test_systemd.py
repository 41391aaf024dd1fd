"""What systemd does with a service, done by hand: sockets handed over, and news taken."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.peers.conftest import LAN, MAC, NIC, SERVER, Lan, boots, free_of_root, need, run

from boots.journal import events

pytestmark = pytest.mark.peers

# Opens the sockets, passes them on as 3, 4, …, and becomes the server: what systemd does.
MANAGER = f"""\
import os, socket, sys
opened = []
def hold(kind, address, port):
    sock = socket.socket(socket.AF_INET, kind)
    sock.bind((address, port))
    if kind == socket.SOCK_STREAM:
        sock.listen()
    opened.append(os.dup(sock.fileno()))
hold(socket.SOCK_DGRAM, "0.0.0.0", 67)
hold(socket.SOCK_DGRAM, "{SERVER.ip}", 69)
hold(socket.SOCK_STREAM, "{SERVER.ip}", 80)
hold(socket.SOCK_DGRAM, "{SERVER.ip}", 514)
high = [os.dup2(fd, 100 + number) for number, fd in enumerate(opened)]
os.closerange(3, 100)
for number, fd in enumerate(high):
    os.dup2(fd, 3 + number)
os.environ.update(
    LISTEN_FDS="4", LISTEN_FDNAMES="dhcp:tftp-{LAN}:http:syslog", LISTEN_PID=str(os.getpid())
)
os.execvp(sys.argv[1], sys.argv[1:])
"""


@contextlib.contextmanager
def manager(place: Path) -> Iterator[tuple[socket.socket, dict[str, str]]]:
    """The socket that systemd listens on for news, and the environment that names it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(place / "notify"))
        (place / "notify").chmod(0o777)  # as systemd's is: each service is another user
        sock.settimeout(10)
        yield sock, {"NOTIFY_SOCKET": str(place / "notify")}


def test_the_news_come_in_their_order(lan: Lan, tmp_path: Path) -> None:
    with manager(tmp_path) as (sock, environment):
        with boots(lan.server, tmp_path, environment=environment) as server:
            assert sock.recv(200) == b"READY=1"
            before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            server.signal(signal.SIGHUP)
            reloading = sock.recv(200).decode().split("\n")
            assert reloading[0] == "RELOADING=1"
            name, _, microseconds = reloading[1].partition("=")
            assert name == "MONOTONIC_USEC"
            assert (
                before <= int(microseconds) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            )
            assert sock.recv(200) == b"READY=1"
        assert sock.recv(200) == b"STOPPING=1"


def test_a_refused_reload_ends_as_well(lan: Lan, tmp_path: Path) -> None:
    with (
        manager(tmp_path) as (sock, environment),
        boots(lan.server, tmp_path, environment=environment) as server,
    ):
        assert sock.recv(200) == b"READY=1"
        (tmp_path / "machines" / "machines.yaml").write_text("machines: [")
        server.until(events.RecordsRefused)

        assert sock.recv(200).startswith(b"RELOADING=1\n")
        assert sock.recv(200) == b"READY=1"


def test_with_systemds_sockets_it_needs_no_privilege(lan: Lan, tmp_path: Path) -> None:
    before = [sys.executable, "-c", MANAGER, *free_of_root()]
    with boots(lan.server, tmp_path, "--http-port", "80", before=before) as server:
        assert server.until(events.ServerStarted).listeners == [
            f"dhcp {LAN} 0.0.0.0:67",
            f"tftp {LAN} {SERVER.ip}:69",
            f"syslog {LAN} {SERVER.ip}:514",
            f"http {LAN} {SERVER.ip}:80",
            "operator http 127.0.0.1:8081",
        ]
        words = ["udhcpc", "-f", "-q", "-n", "-t", "3", "-T", "1", "-s", "/bin/true", "-i"]
        run(lan.client, need("busybox"), *words, NIC)
        assert server.until(events.AckSent, mac=MAC)
        script = run(lan.client, need("curl"), "-s", f"http://{SERVER.ip}/auto.ipxe").stdout
        assert script.startswith("#!ipxe")
        assert run(lan.client, need("curl"), "-s", f"tftp://{SERVER.ip}/auto.ipxe").stdout != ""


def test_the_units_say_what_systemd_understands(tmp_path: Path) -> None:
    units = Path(__file__).parents[2] / "packaging" / "systemd"
    for unit in units.iterdir():
        text = unit.read_text().replace("/usr/bin/boots", sys.executable)
        (tmp_path / unit.name).write_text(text)
    done = subprocess.run(
        [need("systemd-analyze"), "verify", *sorted(tmp_path.iterdir())],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


# Keeps the sockets open and starts the server anew at SIGHUP, as `systemctl restart` does.
KEEPER = (
    MANAGER[: MANAGER.index("high = ")]
    + f"""\
import signal, subprocess
def begin():
    child = os.fork()
    if child:
        return child
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    high = [os.dup2(fd, 100 + number) for number, fd in enumerate(opened)]
    os.closerange(3, 100)
    for number, fd in enumerate(high):
        os.dup2(fd, 3 + number)
    os.environ.update(
        LISTEN_FDS="4", LISTEN_FDNAMES="dhcp:tftp-{LAN}:http:syslog", LISTEN_PID=str(os.getpid())
    )
    os.execvp(sys.argv[1], sys.argv[1:])
def end(child):
    os.kill(child, signal.SIGTERM)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
wanted = {{signal.SIGHUP, signal.SIGTERM}}
signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
child = begin()
while signal.sigwait(wanted) is signal.SIGHUP:
    if end(child):
        sys.exit(1)
    child = begin()
sys.exit(end(child))
"""
).replace(
    "os.execvp(sys.argv[1]",
    "signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP, signal.SIGTERM})\n"
    "    os.execvp(sys.argv[1]",
)


def test_while_it_restarts_requests_wait_in_systemds_sockets(lan: Lan, tmp_path: Path) -> None:
    before, curl = [sys.executable, "-c", KEEPER], need("curl")
    words = ["udhcpc", "-f", "-q", "-n", "-t", "4", "-T", "5", "-s", "/bin/true", "-i", NIC]
    asked: list[tuple[str, int]] = []
    with boots(lan.server, tmp_path, "--http-port", "80", before=before) as server:
        for turn in range(2):
            server.mark()
            server.signal(signal.SIGHUP)
            while not server.told(events.ServerStarted):
                for what, done in (
                    (
                        "http",
                        run(lan.client, curl, "-sf", "-m", "30", f"http://{SERVER.ip}/auto.ipxe"),
                    ),
                    (
                        "tftp",
                        run(lan.client, curl, "-sf", "-m", "30", f"tftp://{SERVER.ip}/auto.ipxe"),
                    ),
                    ("dhcp", run(lan.client, need("busybox"), *words, timeout=40)),
                ):
                    asked.append((what, done.returncode))
            assert server.told(events.ServerStopped), turn
    assert {("http", 0), ("tftp", 0), ("dhcp", 0)} == set(asked)
    print(f"{len(asked)} requests, while it was restarted twice; none failed")
