"""Notices, and people's e-mail addresses."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "notice",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("page", sa.String(), nullable=False),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("sorted_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notice_sorted_at"), ["sorted_at"], unique=False)

    op.create_table(
        "notice_choice",
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_notice_choice")),
    )
    op.create_table(
        "notice_copy",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("notice_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("read_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.id"], name=op.f("fk_notice_copy_notice_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_copy")),
        sa.UniqueConstraint("notice_id", "user_id", name=op.f("uq_notice_copy_notice_id_user_id")),
    )
    with op.batch_alter_table("notice_copy", schema=None) as batch_op:
        batch_op.create_index(
            "ix_notice_copy_user_id_made_at", ["user_id", "made_at"], unique=False
        )
        batch_op.create_index(
            "ix_notice_copy_user_id_read_at", ["user_id", "read_at"], unique=False
        )

    op.create_table(
        "notice_delivery",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("notice_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.id"], name=op.f("fk_notice_delivery_notice_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_delivery")),
        sa.UniqueConstraint(
            "notice_id",
            "channel",
            "target",
            name=op.f("uq_notice_delivery_notice_id_channel_target"),
        ),
    )
    with op.batch_alter_table("notice_delivery", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notice_delivery_made_at"), ["made_at"], unique=False)
        batch_op.create_index("ix_notice_delivery_state_due_at", ["state", "due_at"], unique=False)

    op.add_column("app_user", sa.Column("email", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    """Take this revision back."""
    op.drop_column("app_user", "email")

    with op.batch_alter_table("notice_delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_notice_delivery_state_due_at")
        batch_op.drop_index(batch_op.f("ix_notice_delivery_made_at"))

    op.drop_table("notice_delivery")
    with op.batch_alter_table("notice_copy", schema=None) as batch_op:
        batch_op.drop_index("ix_notice_copy_user_id_read_at")
        batch_op.drop_index("ix_notice_copy_user_id_made_at")

    op.drop_table("notice_copy")
    op.drop_table("notice_choice")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notice_sorted_at"))

    op.drop_table("notice")
