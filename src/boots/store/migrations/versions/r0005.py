"""The fifth schema: events say whose they were, by the record that had the MAC then."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Say of each event which machine it is of: of those that are there nobody knows."""
    op.add_column("events", sa.Column("machine", sa.Text, nullable=False, server_default=""))
