"""The register: findings and their steps, the inventory's own entries, assessments of risk."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NEVER = "steps of findings and assessments are never changed"
KEPT = ("register_finding_step", "register_assessment")
FUNCTION = (
    "CREATE FUNCTION register_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{NEVER}'; END $$"
)


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "register_assessment",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("inherent", sa.String(), nullable=False),
        sa.Column("controls", sa.String(), nullable=False),
        sa.Column("residual", sa.String(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("workings", sa.JSON(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("person_name", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_assessment")),
    )
    with op.batch_alter_table("register_assessment", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_register_assessment_residual"), ["residual"], unique=False
        )
        batch_op.create_index(
            "ix_register_assessment_run_id_task_at", ["run_id", "task", "at"], unique=False
        )

    op.create_table(
        "register_entry",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("upstream", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.Column("updated_by_name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "task", name=op.f("pk_register_entry")),
    )
    with op.batch_alter_table("register_entry", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_register_entry_review_on"), ["review_on"], unique=False
        )

    op.create_table(
        "register_finding",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("model_title", sa.String(), nullable=False),
        sa.Column("submission_id", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("owner_name", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("opened_by_name", sa.String(), nullable=False),
        sa.Column("makers", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_finding")),
    )
    with op.batch_alter_table("register_finding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_register_finding_due_on"), ["due_on"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_register_finding_owner_id"), ["owner_id"], unique=False
        )
        batch_op.create_index("ix_register_finding_run_id_task", ["run_id", "task"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_register_finding_severity"), ["severity"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_register_finding_state"), ["state"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_register_finding_submission_id"), ["submission_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_register_finding_updated_at"), ["updated_at"], unique=False
        )

    op.create_table(
        "register_finding_step",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("finding_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("person_name", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("after", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("owner_name", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["finding_id"],
            ["register_finding.id"],
            name=op.f("fk_register_finding_step_finding_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_finding_step")),
    )
    with op.batch_alter_table("register_finding_step", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_register_finding_step_finding_id"), ["finding_id"], unique=False
        )
    for statement in _statements(op.get_bind().dialect.name):
        op.execute(statement)


def _statements(dialect: str) -> list[str]:
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{NEVER}'); END"
            for table in KEPT
            for act in ("UPDATE", "DELETE")
        ]
    triggers = [
        f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
        f"FOR EACH {'STATEMENT' if act == 'TRUNCATE' else 'ROW'} EXECUTE FUNCTION register_refuse()"
        for table in KEPT
        for act in ("UPDATE", "DELETE", "TRUNCATE")
    ]
    return [FUNCTION, *triggers]


def downgrade() -> None:
    """Take this revision back."""
    with op.batch_alter_table("register_finding_step", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_register_finding_step_finding_id"))

    op.drop_table("register_finding_step")
    with op.batch_alter_table("register_finding", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_register_finding_updated_at"))
        batch_op.drop_index(batch_op.f("ix_register_finding_submission_id"))
        batch_op.drop_index(batch_op.f("ix_register_finding_state"))
        batch_op.drop_index(batch_op.f("ix_register_finding_severity"))
        batch_op.drop_index("ix_register_finding_run_id_task")
        batch_op.drop_index(batch_op.f("ix_register_finding_owner_id"))
        batch_op.drop_index(batch_op.f("ix_register_finding_due_on"))

    op.drop_table("register_finding")
    with op.batch_alter_table("register_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_register_entry_review_on"))

    op.drop_table("register_entry")
    with op.batch_alter_table("register_assessment", schema=None) as batch_op:
        batch_op.drop_index("ix_register_assessment_run_id_task_at")
        batch_op.drop_index(batch_op.f("ix_register_assessment_residual"))

    op.drop_table("register_assessment")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION register_refuse()")
