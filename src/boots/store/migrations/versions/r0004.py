"""The fourth schema: tokens that are limited to some machines."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Say of each token which machines it is for: until now each was for all."""
    op.add_column("tokens", sa.Column("machines", sa.Text, nullable=False, server_default=""))
