"""A PostgreSQL of our own, in a folder of the test's: initdb and pg_ctl, and no other's cluster."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

_USER = "postgres"  # its programs refuse to run as root


def programs() -> Path | None:
    """The folder of the newest server programs that are installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@dataclass(frozen=True)
class Cluster:
    """A running one.  `prefix` are the words before each of its programs, as for a namespace."""

    folder: Path
    bin: Path
    prefix: tuple[str, ...] = ()
    listen: str = ""

    def url(self, database: str = "postgres", address: str = "") -> str:
        """Where a database of it is, by its socket, or at an address."""
        if address:
            return f"postgresql://{_USER}@{address}/{database}"
        return f"postgresql://{_USER}@/{database}?host={self.folder}"

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        options = f"-k {self.folder} -c listen_addresses='{self.listen}' -c fsync=off"
        log = self.folder / "log"
        self._pg_ctl("start", "-w", "-t", "30", "-l", str(log), "-o", options)

    def stop(self, mode: str = "fast") -> None:
        """Stop it; ``immediate`` is as if its machine had lost power."""
        self._pg_ctl("stop", "-w", "-m", mode)

    def create(self, database: str) -> None:
        """Make a database."""
        self._run("createdb", "-h", str(self.folder), "-U", _USER, database)

    def _pg_ctl(self, *words: str) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), *words)

    def _run(self, program: str, *words: str) -> None:
        _as_its_user([*self.prefix], [str(self.bin / program), *words])


def _as_its_user(prefix: Sequence[str], words: Sequence[str]) -> None:
    user = ["setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups"]
    done = subprocess.run(
        [*prefix, *(user if os.geteuid() == 0 else []), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=60,
        cwd="/",
    )
    assert 0 == done.returncode, done.stdout.decode()


@contextlib.contextmanager
def cluster(prefix: Sequence[str] = (), listen: str = "") -> Iterator[Cluster]:
    """A cluster that runs within the `with`."""
    found = programs()
    if found is None:
        if os.environ.get("PEERS") == "required":
            pytest.fail("postgresql is not installed")
        pytest.skip("postgresql is not installed")
    # pytest's own folders are closed to its user, and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="boots-pg-"))
    try:
        if os.geteuid() == 0:
            owner = pwd.getpwnam(_USER)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        initdb = [str(found / "initdb"), "-D", str(folder / "data"), "-A", "trust"]
        _as_its_user([], [*initdb, "-U", _USER, "-N"])
        hba = folder / "data" / "pg_hba.conf"
        hba.write_text(hba.read_text() + "host all all 0.0.0.0/0 trust\n")
        running = Cluster(folder, found, tuple(prefix), listen)
        running.start()
        try:
            yield running
        finally:
            with contextlib.suppress(AssertionError):  # a test may have stopped it
                running.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
