"""The second schema: runs of workflows, what their agents say, ends of disks, certificates."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_COUNTED = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make what workflows need."""
    op.create_table(
        "runs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("machine", sa.Text, nullable=False),
        sa.Column("mac", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("live", sa.Integer, nullable=False),
        sa.Column("writing", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("runs_by_time", "runs", ["created_at"])
    op.create_index("runs_by_state", "runs", ["state", "created_at"])
    op.create_index("runs_alive", "runs", ["live"])
    op.create_table(
        "run_machines",
        sa.Column("run", sa.Text, primary_key=True),
        sa.Column("machine", sa.Text, primary_key=True),
        sa.Column("held", sa.Text, unique=True),
    )
    op.create_index("run_machines_by_machine", "run_machines", ["machine"])
    op.create_table(
        "run_agents",
        sa.Column("run", sa.Text, primary_key=True),
        sa.Column("worker", sa.Text, primary_key=True),
        sa.Column("session", sa.BigInteger, nullable=False),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("heard_at", sa.Double, nullable=False),
        sa.Column("progress", sa.Text, nullable=False),
    )
    op.create_table(
        "run_lines",
        sa.Column("id", _COUNTED, primary_key=True, autoincrement=True),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("run_lines_by_run", "run_lines", ["run", "id"])
    op.create_table(
        "edges",
        sa.Column("id", _COUNTED, primary_key=True, autoincrement=True),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("machine", sa.Text, nullable=False),
        sa.Column("serial", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("holds", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("wrote", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("edges_of_a_run", "edges", ["run", "serial"], unique=True)
    op.create_index("edges_by_machine", "edges", ["machine", "id"])
    op.create_table(
        "certificates",
        sa.Column("run", sa.Text, primary_key=True),
        sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("machine", sa.Text, nullable=False),
        sa.Column("serial", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "freezes",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("frozen", sa.Integer, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("given_by", sa.Text, nullable=False),
        sa.Column("given_at", sa.Double, nullable=False),
    )
