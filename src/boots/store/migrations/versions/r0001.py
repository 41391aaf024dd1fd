"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_COUNTED = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "machines",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("made_at", sa.Double, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
    )
    op.create_table(
        "orders",
        sa.Column("machine", sa.Text, primary_key=True),
        sa.Column("netboot", sa.Text, nullable=False),
        sa.Column("profile", sa.Text, nullable=False),
        sa.Column("given_by", sa.Text, nullable=False),
        sa.Column("given_at", sa.Double, nullable=False),
        sa.Column("spent_at", sa.Double, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("id", _COUNTED, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("mac", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("server", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("events_by_mac", "events", ["mac", "id"])
    op.create_index("events_by_kind", "events", ["kind", "id"])
    op.create_index("events_by_time", "events", ["at"])
    op.create_table(
        "boots",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("mac", sa.Text, nullable=False),
        sa.Column("machine", sa.Text, nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("boots_by_time", "boots", ["started_at"])
    op.create_index("boots_by_mac", "boots", ["mac", "started_at"])
    op.create_index("boots_by_machine", "boots", ["machine", "started_at"])
    op.create_index("boots_by_state", "boots", ["state", "started_at"])
    op.create_table(
        "inventories",
        sa.Column("mac", sa.Text, primary_key=True),
        sa.Column("told_at", sa.Double, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "sightings",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("last_at", sa.Double, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("mac", sa.Text, nullable=False),
        sa.Column("since_at", sa.Double, nullable=False),
        sa.Column("until_at", sa.Double, nullable=False),
        sa.Column("released", sa.Integer, nullable=False),
        sa.Column("server", sa.Text, nullable=False),
    )
    op.create_table(
        "tokens",
        sa.Column("id", _COUNTED, primary_key=True, autoincrement=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("made_at", sa.Double, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("used_at", sa.Double, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "changes",
        sa.Column("id", _COUNTED, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("server", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
