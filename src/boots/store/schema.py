"""The tables.  Moments are in seconds since 1970 UTC; bodies are JSON.

`migrations/` brings a store of any released schema to this one; a test compares the two.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()

# SQLite counts only what is exactly an INTEGER PRIMARY KEY up by itself.
_COUNTED = BigInteger().with_variant(Integer, "sqlite")

machines = Table(
    "machines",
    metadata,
    Column("name", Text, primary_key=True),
    Column("record", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("made_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("changed_by", Text, nullable=False),
)
"""Records that were made through the API."""

orders = Table(
    "orders",
    metadata,
    Column("machine", Text, primary_key=True),
    Column("netboot", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("given_by", Text, nullable=False),
    Column("given_at", Double, nullable=False),
    Column("spent_at", Double, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", _COUNTED, primary_key=True, autoincrement=True),
    Column("at", Double, nullable=False),
    Column("mac", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("server", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("machine", Text, nullable=False, server_default=""),
    Index("events_by_mac", "mac", "id"),
    Index("events_by_kind", "kind", "id"),
    Index("events_by_time", "at"),
    sqlite_autoincrement=True,  # an id is never given twice, though the last event may go
)
"""`machine` is the name of the record that had the MAC then; empty where none had, or of old."""

boots = Table(
    "boots",
    metadata,
    Column("id", Text, primary_key=True),
    Column("mac", Text, nullable=False),
    Column("machine", Text, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("state", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("boots_by_time", "started_at"),
    Index("boots_by_mac", "mac", "started_at"),
    Index("boots_by_machine", "machine", "started_at"),
    Index("boots_by_state", "state", "started_at"),
)

inventories = Table(
    "inventories",
    metadata,
    Column("mac", Text, primary_key=True),
    Column("told_at", Double, nullable=False),
    Column("body", Text, nullable=False),
)

sightings = Table(
    "sightings",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("last_at", Double, nullable=False),
    Column("body", Text, nullable=False),
)
"""Who was heard that no record names: strangers, and other DHCP servers."""

leases = Table(
    "leases",
    metadata,
    Column("address", Text, primary_key=True),
    Column("mac", Text, nullable=False),
    Column("since_at", Double, nullable=False),
    Column("until_at", Double, nullable=False),
    Column("released", Integer, nullable=False),
    Column("server", Text, nullable=False),
)
"""What each server's own file of leases says, for all to see."""

tokens = Table(
    "tokens",
    metadata,
    Column("id", _COUNTED, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("made_at", Double, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("used_at", Double, nullable=False),
    Column("machines", Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)

changes = Table(
    "changes",
    metadata,
    Column("id", _COUNTED, primary_key=True, autoincrement=True),
    Column("at", Double, nullable=False),
    Column("server", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("key", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""What was changed of machines, orders, tokens and runs, for the other servers to take up."""

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("machine", Text, nullable=False),
    Column("mac", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("live", Integer, nullable=False),
    Column("writing", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("ended_at", Double, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("runs_by_time", "created_at"),
    Index("runs_by_state", "state", "created_at"),
    Index("runs_alive", "live"),
)
"""Workflows on their way, and over; `writing` says that one may write disks now."""

run_machines = Table(
    "run_machines",
    metadata,
    Column("run", Text, primary_key=True),
    Column("machine", Text, primary_key=True),
    Column("held", Text, unique=True),
    Index("run_machines_by_machine", "machine"),
)
"""Whose runs they are.  `held` is the machine while its run is not over: it has one at a time."""

run_agents = Table(
    "run_agents",
    metadata,
    Column("run", Text, primary_key=True),
    Column("worker", Text, primary_key=True),
    Column("session", BigInteger, nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("heard_at", Double, nullable=False),
    Column("progress", Text, nullable=False),
)
"""What was heard of the agents: the next line that is wanted, and how far they are."""

run_lines = Table(
    "run_lines",
    metadata,
    Column("id", _COUNTED, primary_key=True, autoincrement=True),
    Column("run", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("step", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Index("run_lines_by_run", "run", "id"),
    sqlite_autoincrement=True,
)

edges = Table(
    "edges",
    metadata,
    Column("id", _COUNTED, primary_key=True, autoincrement=True),
    Column("run", Text, nullable=False),
    Column("machine", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("holds", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("wrote", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("edges_of_a_run", "run", "serial", unique=True),
    Index("edges_by_machine", "machine", "id"),
    sqlite_autoincrement=True,
)
"""What stood at both ends of disks before runs wrote them, packed by zlib.

`wrote` is the GUID of the partition table that the run left there, where it told one.
"""

certificates = Table(
    "certificates",
    metadata,
    Column("run", Text, primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("machine", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("body", Text, nullable=False),
)
"""What agents said in proof that disks were erased."""

freezes = Table(
    "freezes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("frozen", Integer, nullable=False),
    Column("why", Text, nullable=False),
    Column("given_by", Text, nullable=False),
    Column("given_at", Double, nullable=False),
)
"""Whether any disk may be armed or written: one row, or none."""

audits = Table(
    "audits",
    metadata,
    Column("id", _COUNTED, primary_key=True, autoincrement=True),
    Column("at", Double, nullable=False),
    Column("server", Text, nullable=False),
    Column("done_by", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("peer", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("machine", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("sealed_by", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("seal", Text, nullable=False),
    Index("audits_by_machine", "machine", "id"),
    Index("audits_by_time", "at"),
    sqlite_autoincrement=True,
)
"""Who changed what, or tried to: each row is sealed together with the seal of the one before."""
