"""Takes or restores a backup and is killed at each step in turn; says what a next start finds.

``python -m tests.app.backup.cut_off take|restore FOLDER`` needs `FOLDER/state`, and to restore
`FOLDER/backup.tar`.  A step is whatever changes a folder or opens a file.  For each try there is a
line of JSON: whether it was killed, and what is there when the next server has started.
"""

import hashlib
import itertools
import json
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from boots.app.backup.alone import served
from boots.app.backup.reading import unpack
from boots.app.backup.restoring import restore
from boots.app.backup.taking import take
from boots.app.backup.words import STATE
from boots.app.lasting import Lasting
from boots.store import engine as engines

STEPS = {"os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "os.chown", "open"}


def lasting_at(state: Path, name: str = "here") -> Lasting:
    """A server's, with its store in its state."""
    database = state / "boots.db"
    return Lasting(state, engines.sqlite_url(database), database, name)


def killed_at(step: int, work: Callable[[], Any]) -> bool:
    """Do it in a process of its own; whether that was killed before this step."""
    child = os.fork()
    if not child:
        counted = itertools.count(1)

        def count(event: str, _: object) -> None:
            if event in STEPS and next(counted) == step:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == -signal.SIGKILL


def found(state: Path) -> dict[str, str]:
    """What a folder of state holds: what its store says, and digests of the others."""
    names = [name for name in STATE if (state / name).exists()]
    held = {name: hashlib.sha256((state / name).read_bytes()).hexdigest() for name in names}
    with sqlite3.connect(state / "boots.db") as connection:
        runs = connection.execute("SELECT id, state, live FROM runs ORDER BY id").fetchall()
        orders = connection.execute(
            "SELECT machine, spent_at > 0 FROM orders ORDER BY 1"
        ).fetchall()
        machines = connection.execute("SELECT name, revision FROM machines ORDER BY 1").fetchall()
    connection.close()
    return {**held, "store": json.dumps([runs, orders, machines])}


def restores(folder: Path, step: int) -> tuple[bool, Any]:
    """Restore it over a copy of what is there, and start again after that."""
    state = folder / "tried"
    shutil.rmtree(state, ignore_errors=True)
    shutil.copytree(folder / "state", state)
    lasting = lasting_at(state)
    killed = killed_at(step, lambda: restore(lasting, folder / "backup.tar"))
    lock = served(lasting)
    assert lock is not None
    os.close(lock)
    return killed, found(state)


def takes(folder: Path, step: int) -> tuple[bool, Any]:
    """Take it; what is whole of it, if anything has its name."""
    to, opened = folder / "taken.tar", folder / "opened"
    to.unlink(missing_ok=True)
    killed = killed_at(step, lambda: take(lasting_at(folder / "state"), to))
    if not to.exists():
        return killed, None
    shutil.rmtree(opened, ignore_errors=True)
    opened.mkdir()
    unpack(to, opened)
    return killed, found(opened)


def main(what: str, folder: Path) -> None:
    """Kill it at every step, until it comes to its end."""
    work = {"take": takes, "restore": restores}[what]
    for step in itertools.count(1):
        killed, there = work(folder, step)
        print(json.dumps([killed, there]))
        if not killed:
            return


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
