"""Copies of releases are jobs: which job, which process, and what went wrong."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ADDED = ("job_key", "lease", "error")


def upgrade() -> None:
    """Bring the tables to this revision; the rows of before had no job and no failure."""
    with op.batch_alter_table("artifact_placement", schema=None) as batch_op:
        for name in ADDED:
            batch_op.add_column(sa.Column(name, sa.String(), server_default="", nullable=False))
    with op.batch_alter_table("artifact_placement", schema=None) as batch_op:
        for name in ADDED:
            batch_op.alter_column(name, server_default=None)


def downgrade() -> None:
    """Take this revision back."""
    with op.batch_alter_table("artifact_placement", schema=None) as batch_op:
        for name in reversed(ADDED):
            batch_op.drop_column(name)
