"""The tables.  Moments are in seconds since 1970 UTC; bodies are JSON.

`migrations/` brings a store of any released schema to this one; a test compares the two.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
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
    Index("events_by_mac", "mac", "id"),
    Index("events_by_kind", "kind", "id"),
    Index("events_by_time", "at"),
    sqlite_autoincrement=True,  # an id is never given twice, though the last event may go
)

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
"""What was changed of machines, orders and tokens, for the other servers to take up."""
