"""PostgreSQL is copied by its own programs, and put back by them in one transaction."""

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import make_url, text

from boots.app.backup.words import BackupError
from boots.store import engine as engines
from boots.store.engine import StoreAway, StoreError, reading
from boots.store.migrate import NEWEST, revision
from boots.store.schema import metadata

HOLDER = "boots restore"
_LINES = 3  # of what a program says


def dump(url: str, to: Path) -> None:
    """Write all of a database into a file.

    Raises:
        BackupError: pg_dump is missing, or fails.
    """
    words = ["--no-owner", "--no-privileges", f"--file={to}"]
    _run("pg_dump", url, words, f"or copy it where it runs: pg_dump --file={to.name} DATABASE")


def load(url: str, dumped: Path, now: float) -> None:
    """Have a database be what a dump says, whole or not at all, and no disk written by it.

    Raises:
        BackupError: psql is missing, or fails; nothing was changed then.
    """
    before, after = dumped.with_name("before.sql"), dumped.with_name("after.sql")
    tables = ", ".join(f'"{name}"' for name in [*metadata.tables, "alembic_version"])
    before.write_text(f"DROP TABLE IF EXISTS {tables} CASCADE;\n")
    after.write_text(_HOLD.format(now=now, by=HOLDER))
    files = [word for each in (before, dumped, after) for word in ("--file", str(each))]
    words = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", *files]
    _run("psql", url, words, "install postgresql-client")


_HOLD = """\
SET search_path TO DEFAULT;
UPDATE orders SET spent_at = {now} WHERE netboot = 'once' AND spent_at = 0;
DO $$ BEGIN IF to_regclass('freezes') IS NOT NULL THEN
  INSERT INTO freezes (id, frozen, why, given_by, given_at)
  VALUES (1, 1, 'a backup is being restored', '{by}', {now})
  ON CONFLICT (id) DO UPDATE SET frozen = 1, why = excluded.why,
    given_by = excluded.given_by, given_at = excluded.given_at WHERE freezes.frozen = 0;
END IF; END $$;
"""


def refuse_in_use(url: str) -> None:
    """See that nobody uses a database, and that no newer Boots has been there.

    Raises:
        BackupError: somebody does, it does not answer, or it is newer than we are.
    """
    try:
        engine = engines.make(url)
        with reading(engine) as connection:
            others = connection.execute(text(_OTHERS)).scalar_one()
            found = revision(connection)
        engine.dispose()
    except (StoreError, StoreAway) as error:
        raise BackupError(f"the database: {error}") from None
    if others:
        raise BackupError(
            f"{others} others use the database; stop every server that has this store"
        )
    if found is not None and found > NEWEST:
        raise BackupError(
            f"the database has schema {found}, of a newer Boots, whose tables are not known here;"
            " name an empty one in store.url"
        )


_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend'"  # autovacuum is nobody
)


def _run(program: str, url: str, words: list[str], otherwise: str) -> None:
    found = shutil.which(program) or _beside_the_server(program)
    if found is None:
        raise BackupError(f"{program} is not installed; {otherwise}")
    parsed = make_url(url)
    plain = parsed._replace(drivername="postgresql", password=None).render_as_string()
    secret = {"PGPASSWORD": str(parsed.password)} if parsed.password else {}
    done = subprocess.run(  # noqa: S603  # the secret is in no argument that others may see
        [found, *words, f"--dbname={plain}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env={**os.environ, **secret},
    )
    if done.returncode:
        said = "; ".join(done.stderr.strip().splitlines()[:_LINES])
        raise BackupError(f"{program} fails: {said or done.returncode}")


def _beside_the_server(program: str) -> str | None:
    """The newest one that Debian's server packages brought."""
    there = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    return str(there[-1]) if there else None
