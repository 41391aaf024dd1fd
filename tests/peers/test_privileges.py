"""What a running server may do, as the kernel tells it."""

import os
import pwd
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.peers.conftest import (
    LAN,
    MAC,
    NIC,
    RECORD,
    SERVER,
    Lan,
    boots,
    folders,
    for_another_user,
    lacking,
    launch,
    let_others_in,
    need,
    program,
    run,
)

from boots.journal import events
from boots.lab import network

pytestmark = pytest.mark.peers
NOTHING = "0" * 16
RAW = f"{1 << 13:016x}"
"""CAP_NET_RAW, by which an interface that went and came back is held to again."""


@pytest.fixture(autouse=True)
def readable() -> None:
    """Where no user but root can run this Python nothing can be shown."""
    for_another_user()


def status(process: int | str) -> Mapping[str, str]:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def children(process: int) -> list[int]:
    own = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(each) for each in own.split()]


def everything(process: int) -> list[Mapping[str, str]]:
    return [
        status(f"{process}/task/{each.name}") for each in Path(f"/proc/{process}/task").iterdir()
    ]


def harmless(of: Mapping[str, str], left: str = NOTHING) -> None:
    """It is nobody's, and nothing is left that it could become."""
    uid, gid = (str(number) for number in pwd.getpwnam("nobody")[2:4])
    assert of["Uid"].split() == [uid] * 4
    assert of["Gid"].split() == [gid] * 4
    assert of["Groups"] == ""
    assert {of[f"Cap{kind}"] for kind in ("Inh", "Bnd", "Amb")} == {NOTHING}
    assert (of["CapPrm"], of["CapEff"]) == (left, left)
    assert (of["NoNewPrivs"], of["Seccomp"]) == ("1", "2")


def test_root_gives_up_all_but_raw_sockets_in_every_thread_once_the_ports_are_bound(
    lan: Lan, tmp_path: Path
) -> None:
    with boots(lan.server, tmp_path) as server:
        threads = everything(server.process.pid)
        assert len(threads) > 1
        for each in threads:
            harmless(each, RAW)
        assert status(server.process.pid)["Umask"] == "0077"
        limits = Path(f"/proc/{server.process.pid}/limits").read_text().splitlines()
        (cores,) = (line.split() for line in limits if line.startswith("Max core file size"))
        assert cores[4:6] == ["0", "0"]
        started = server.told(events.ServerStarted)[0]
        assert started.runs_as == "user nobody, CAP_NET_RAW, Landlock, seccomp"


def test_what_it_became_answers_as_before(lan: Lan, tmp_path: Path) -> None:
    with boots(lan.server, tmp_path) as server:
        words = ["udhcpc", "-f", "-q", "-n", "-t", "3", "-T", "1", "-s", "/bin/true", "-i"]
        run(lan.client, need("busybox"), *words, NIC)
        assert server.until(events.AckSent, mac=MAC)
        for url in (f"http://{SERVER.ip}:8080/auto.ipxe", f"tftp://{SERVER.ip}/auto.ipxe"):
            assert run(lan.client, need("curl"), "-s", url).stdout.startswith("#!ipxe")


def test_workers_have_no_more_and_start_no_program(lan: Lan, tmp_path: Path) -> None:
    with boots(lan.server, tmp_path, "--workers", "2") as server:
        workers = children(server.process.pid)
        assert len(workers) == 2
        for each in workers:
            harmless(status(each))
            assert status(each)["Seccomp_filters"] == "2"


def test_confined_by_no_setting_workers_are_not_either(lan: Lan, tmp_path: Path) -> None:
    environment = {"BOOTS_CONFINE": "false"}
    with boots(lan.server, tmp_path, "--workers", "2", environment=environment) as server:
        every = [server.process.pid, *children(server.process.pid)]
        assert len(every) == 3
        for each in every:
            assert status(each)["Seccomp"] == "0"


def test_records_are_read_again_by_who_it_became(lan: Lan, tmp_path: Path) -> None:
    with boots(lan.server, tmp_path) as server:
        record = tmp_path / "machines" / "machines.yaml"
        server.mark()
        server.signal(signal.SIGHUP)
        assert server.until(events.RecordsLoaded).machines == 1
        record.chmod(0o600)
        server.mark()
        server.signal(signal.SIGHUP)
        refused = server.until(events.RecordsRefused)
        assert refused.faults == [
            f"{record}: cannot be read: Permission denied; check that it is there and may be read"
        ]


def test_a_user_who_cannot_read_the_records_is_refused_with_what_to_do(
    lan: Lan, tmp_path: Path
) -> None:
    server = launch(lan.server, tmp_path, "--user", "nobody", "--boot-files", closed(tmp_path))

    assert server.process.wait(30) == 2
    assert server.errors.read_text().splitlines()[-1] == (
        f"boots: nobody cannot read {tmp_path}/closed; give them to it"
        " (chgrp nobody FILE, chmod g+r FILE), or name another user"
    )


def test_unnamed_the_user_gives_way_and_root_keeps_little_but_its_number(
    lan: Lan, tmp_path: Path
) -> None:
    with boots(lan.server, tmp_path, "--boot-files", closed(tmp_path)) as server:
        found = status(server.process.pid)
        assert found["Uid"].split() == ["0"] * 4
        assert {found[f"Cap{kind}"] for kind in ("Inh", "Bnd", "Amb")} == {NOTHING}
        assert (found["CapPrm"], found["CapEff"]) == (RAW, RAW)
        assert (found["NoNewPrivs"], found["Seccomp"]) == ("1", "2")
        assert "it stays root" in server.errors.read_text()


def closed(place: Path) -> Path:
    folder = place / "closed"
    folder.mkdir(mode=0o700)
    return folder


def test_what_an_earlier_server_kept_as_root_is_taken_over(lan: Lan, tmp_path: Path) -> None:
    with boots(lan.server, tmp_path, "--user", "root"):
        assert (tmp_path / "state" / "boots.db").stat().st_uid == 0
    key = (tmp_path / "state" / "key").read_bytes()

    with boots(lan.server, tmp_path):
        assert (tmp_path / "state" / "boots.db").stat().st_uid == pwd.getpwnam("nobody").pw_uid
        assert (tmp_path / "state" / "key").read_bytes() == key


def test_who_is_not_root_stays_who_it_is(lan: Lan, tmp_path: Path) -> None:
    before = [need("setpriv"), "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    before += ["--inh-caps=+net_bind_service,+net_raw", "--ambient-caps=+net_bind_service,+net_raw"]
    for name in ("state", "cache"):
        (tmp_path / name).mkdir()
        os.chown(tmp_path / name, *pwd.getpwnam("nobody")[2:4])
    (tmp_path / "journal.jsonl").touch()
    os.chown(tmp_path / "journal.jsonl", *pwd.getpwnam("nobody")[2:4])

    with boots(lan.server, tmp_path, before=before) as server:
        for each in everything(server.process.pid):
            assert (each["CapInh"], each["CapAmb"]) == (NOTHING, NOTHING)
            assert (each["CapPrm"], each["CapEff"]) == (RAW, RAW)
            assert (each["NoNewPrivs"], each["Seccomp"]) == ("1", "2")


def test_a_journal_may_be_a_pipe(lan: Lan, tmp_path: Path) -> None:
    let_others_in(tmp_path)
    (tmp_path / "machines.yaml").write_text(RECORD)
    serve, needed = program()
    words = ["--interface", LAN, "--machines", tmp_path / "machines.yaml", "--log-form", "json"]
    words += ["--journal", "/dev/stdout", "--user", "nobody"]
    with subprocess.Popen(
        [*network.in_namespace(lan.server), *serve, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **needed, **folders(tmp_path)},
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()
        _, errors = process.communicate(timeout=20)

    assert line, errors.decode()
    told = events.decode(line).event
    assert isinstance(told, events.ServerStarted)
    assert told.runs_as == "user nobody, CAP_NET_RAW, Landlock, seccomp"
    assert (0, False) == (process.returncode, b"Traceback" in errors)


# --- what the kernel denies

# Run in the place of the server, after it has given everything up.
TRY = """\
import os, socket, subprocess, sys, ctypes
from pathlib import Path
from boots.app.privileges import start
from boots.settings import Boot, Settings
own = sys.argv[1]
boot = Boot(osie=own, images=own)
settings = Settings(state=own, cache=own, boot=boot, user="nobody")
start.starting(settings, None)
start.serving(settings)
def tried(what, *arguments):
    try:
        what(*arguments)
        return "done"
    except OSError as error:
        return type(error).__name__
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    if libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments)) < 0:
        raise OSError(ctypes.get_errno(), "")
def program(*words):
    subprocess.run(words, check=True, capture_output=True)
sock = socket.socket()
print(
    tried(program, "/bin/true"),
    tried(program, sys.executable, "-c", ""),
    tried(Path(sys.argv[2]).write_text, "x"),
    tried(Path(sys.argv[1], "x").write_text, "x"),
    tried(Path("/etc/hostname").read_text),
    tried(call, 101, 0),
    tried(call, 250, 0),
    tried(socket.socket, 38, socket.SOCK_SEQPACKET),
    tried(sock.bind, ("127.0.0.1", 0)),
    tried(os.setuid, 0),
)
start.helping(confine=True)
print(tried(program, sys.executable, "-c", ""))
"""


def test_the_kernel_denies_what_no_server_does(tmp_path: Path) -> None:
    if os.uname().machine != "x86_64":
        lacking("the numbers of these calls are those of x86_64")
    words, needed = program()
    let_others_in(tmp_path)
    open_to_all = f"/dev/shm/boots-{os.getpid()}"
    done = subprocess.run(
        [words[0], "-c", TRY, str(tmp_path / "state"), open_to_all],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **needed, **folders(tmp_path)},
    )

    assert done.stdout.split() == [
        "PermissionError",  # a program that is not Python
        "done",
        "PermissionError",  # a file that is not ours to write
        "done",
        "done",
        "PermissionError",  # ptrace
        "PermissionError",  # keyctl
        "OSError",  # AF_ALG
        "PermissionError",  # a TCP port
        "PermissionError",  # root again
        "PermissionError",  # a program beside a worker
    ], done.stderr
