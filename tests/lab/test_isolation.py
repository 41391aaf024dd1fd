import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from boots.lab import isolation
from boots.lab.isolation import MARK, NotPermittedError

PROBE = """
import os, sys
from pathlib import Path
from boots.lab import isolation
isolation.enter([sys.executable, "-c", sys.argv[1], sys.argv[1]])
print(isolation.inside(), os.getpid(), os.getuid(), sorted(os.listdir("/sys/class/net")),
      os.listdir("/run/netns"), sys.argv[1:] == [sys.argv[1]])
"""


def test_a_plain_user_needs_a_user_namespace() -> None:
    assert isolation.flags(1000)[0] == "--map-root-user"
    assert "--map-root-user" not in isolation.flags(0)
    assert {"--net", "--mount", "--pid", "--kill-child"} <= set(isolation.flags(0))


def test_this_process_is_outside() -> None:
    assert not isolation.inside({})


def test_the_mark_alone_is_not_believed() -> None:
    here = str(Path("/proc/self/ns/net").readlink())

    assert not isolation.inside({MARK: here})
    assert isolation.inside({MARK: "net:[1]"})


@pytest.mark.parametrize(("uid", "advice"), [(0, "--privileged"), (1000, "sudo")])
def test_a_refusal_says_what_to_do(uid: int, advice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(argv: Sequence[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(argv, 1, "", "unshare failed: not permitted\n")

    monkeypatch.setattr(subprocess, "run", refuse)
    monkeypatch.setattr(os, "geteuid", lambda: uid)

    with pytest.raises(NotPermittedError, match="unshare failed: not permitted") as refusal:
        isolation.command(["true"])
    assert advice in str(refusal.value)


def test_a_system_without_unshare_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NotPermittedError, match="install util-linux"):
        isolation.command(["true"])


@pytest.mark.peers
def test_a_program_enters_once_and_is_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, PROBE], capture_output=True, text=True, check=False
    )

    assert done.stderr == ""
    assert done.stdout.split("\n")[0] == "True 1 0 ['lo'] [] True"


@pytest.mark.peers
def test_killing_the_outer_process_ends_everything_inside(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f'sleep 300 & echo up > "{pid}"; wait'
    process = subprocess.Popen(isolation.command(["sh", "-c", script]))
    namespace = _wait_for(pid, process)

    process.kill()
    process.wait()

    assert namespace
    for _ in range(100):
        if not _members(namespace):
            return
        subprocess.run(["sleep", "0.02"], check=True)
    pytest.fail("processes outlived their namespace")


def _wait_for(file: Path, process: subprocess.Popen[bytes]) -> str:
    while not file.exists():
        subprocess.run(["sleep", "0.02"], check=True)
    return str(Path(f"/proc/{process.pid}/ns/pid_for_children").readlink())


def _members(namespace: str) -> list[str]:
    found = []
    for place in Path("/proc").glob("[0-9]*/ns/pid"):
        try:
            if str(place.readlink()) == namespace:
                found.append(str(place))
        except OSError:
            continue
    return found
