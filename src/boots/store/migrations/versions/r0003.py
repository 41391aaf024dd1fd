"""The third schema: who changed what."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_COUNTED = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the table of changes by people."""
    op.create_table(
        "audits",
        sa.Column("id", _COUNTED, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("server", sa.Text, nullable=False),
        sa.Column("done_by", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("peer", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("machine", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("sealed_by", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("seal", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("audits_by_machine", "audits", ["machine", "id"])
    op.create_index("audits_by_time", "audits", ["at"])
