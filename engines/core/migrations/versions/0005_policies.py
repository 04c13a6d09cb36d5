"""Policies: every published version, of which nothing changes but the day of its first use."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FROZEN = "a published policy version never changes"
KEPT = (
    "id",
    "name",
    "version",
    "sha256",
    "text",
    "reason",
    "author_id",
    "author_name",
    "created_at",
)


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "policy_version",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("author_id", sa.String(), nullable=False),
        sa.Column("author_name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_version")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_policy_version_name_version")),
    )
    with op.batch_alter_table("policy_version", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_policy_version_author_id"), ["author_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_policy_version_name"), ["name"], unique=False)
    for statement in _frozen(op.get_bind().dialect.name):
        op.execute(statement)


def _frozen(dialect: str) -> list[str]:
    """Triggers that refuse to remove a version, and to change more than an empty `used_at`."""
    same = " AND ".join(f"OLD.{name} = NEW.{name}" for name in KEPT)
    allowed = f"({same} AND (OLD.used_at IS NULL OR OLD.used_at = NEW.used_at))"
    # An unknown comparison (NULL) is refused as well, so no column can be emptied.
    refused = f"COALESCE(NOT {allowed}, {'1' if dialect == 'sqlite' else 'TRUE'})"
    if dialect == "sqlite":
        stop = f"BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END"
        head = "CREATE TRIGGER policy_version_no"
        return [
            f"{head}_update BEFORE UPDATE ON policy_version WHEN {refused} {stop}",
            f"{head}_delete BEFORE DELETE ON policy_version {stop}",
        ]
    call = "EXECUTE FUNCTION policy_version_refuse()"
    head = "CREATE TRIGGER policy_version_no"
    return [
        "CREATE FUNCTION policy_version_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{FROZEN}'; END $$",
        f"{head}_update BEFORE UPDATE ON policy_version FOR EACH ROW WHEN ({refused}) {call}",
        f"{head}_delete BEFORE DELETE ON policy_version FOR EACH ROW {call}",
        f"{head}_truncate BEFORE TRUNCATE ON policy_version FOR EACH STATEMENT {call}",
    ]


def downgrade() -> None:
    """Take this revision back."""
    with op.batch_alter_table("policy_version", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_policy_version_name"))
        batch_op.drop_index(batch_op.f("ix_policy_version_author_id"))
    op.drop_table("policy_version")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION policy_version_refuse()")
