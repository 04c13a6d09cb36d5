"""Late submissions are escalated: which level was late, and in whose place a vote was given."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.add_column("approval_submission", sa.Column("escalated_level", sa.Integer(), nullable=True))
    op.add_column("approval_vote", sa.Column("in_place_of", sa.String(), nullable=True))


def downgrade() -> None:
    """Take this revision back."""
    op.drop_column("approval_vote", "in_place_of")
    op.drop_column("approval_submission", "escalated_level")
