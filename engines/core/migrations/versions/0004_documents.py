"""Documents: every saved version of every section, which nothing changes or deletes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NEVER = "saved versions of documents are never changed"
FUNCTION = (
    "CREATE FUNCTION governance_document_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{NEVER}'; END $$"
)


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "governance_document",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("experiment_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("section", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("generated", sa.Boolean(), nullable=False),
        sa.Column("author_id", sa.String(), nullable=False),
        sa.Column("author_name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_governance_document")),
        sa.UniqueConstraint(
            "run_id",
            "task",
            "kind",
            "section",
            "version",
            name=op.f("uq_governance_document_run_id_task_kind_section_version"),
        ),
    )
    with op.batch_alter_table("governance_document", schema=None) as batch_op:
        for name in ("author_id", "experiment_id", "run_id"):
            batch_op.create_index(batch_op.f(f"ix_governance_document_{name}"), [name])
    for statement in _statements(op.get_bind().dialect.name):
        op.execute(statement)


def _statements(dialect: str) -> list[str]:
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER governance_document_no_{act.lower()} BEFORE {act} "
            f"ON governance_document BEGIN SELECT RAISE(ABORT, '{NEVER}'); END"
            for act in ("UPDATE", "DELETE")
        ]
    triggers = [
        f"CREATE TRIGGER governance_document_no_{act.lower()} BEFORE {act} "
        f"ON governance_document FOR EACH {'STATEMENT' if act == 'TRUNCATE' else 'ROW'} "
        "EXECUTE FUNCTION governance_document_refuse()"
        for act in ("UPDATE", "DELETE", "TRUNCATE")
    ]
    return [FUNCTION, *triggers]


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table("governance_document")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION governance_document_refuse()")
