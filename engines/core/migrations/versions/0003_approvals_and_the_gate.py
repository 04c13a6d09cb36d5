"""Approvals and the gate."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "approval_delegation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("giver_id", sa.String(), nullable=False),
        sa.Column("giver_name", sa.String(), nullable=False),
        sa.Column("taker_id", sa.String(), nullable=False),
        sa.Column("taker_name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("begins_at", sa.DateTime(), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_delegation")),
    )
    with op.batch_alter_table("approval_delegation", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_approval_delegation_giver_id"), ["giver_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_approval_delegation_taker_id"), ["taker_id"], unique=False
        )

    op.create_table(
        "approval_raised_tier",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("person_name", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_raised_tier")),
    )
    with op.batch_alter_table("approval_raised_tier", schema=None) as batch_op:
        batch_op.create_index(
            "ix_approval_raised_tier_run_id_task", ["run_id", "task"], unique=False
        )

    op.create_table(
        "approval_submission",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("experiment_id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("previous_id", sa.String(), nullable=True),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("tier_position", sa.Integer(), nullable=False),
        sa.Column("raised_to", sa.String(), nullable=True),
        sa.Column("policy_name", sa.String(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("policy_sha256", sa.String(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("characteristics", sa.JSON(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("requirements", sa.JSON(), nullable=False),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("snapshot", sa.JSON(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("makers", sa.JSON(), nullable=False),
        sa.Column("submitter_id", sa.String(), nullable=False),
        sa.Column("submitter_name", sa.String(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("signed", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(), nullable=True),
        sa.Column("answer_by", sa.DateTime(), nullable=True),
        sa.Column("reminded_at", sa.DateTime(), nullable=True),
        sa.Column("escalated_at", sa.DateTime(), nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.Column("expires_at", sa.DateTime(), nullable=True),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["previous_id"],
            ["approval_submission.id"],
            name=op.f("fk_approval_submission_previous_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_submission")),
    )
    with op.batch_alter_table("approval_submission", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_approval_submission_answer_by"), ["answer_by"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_approval_submission_content_hash"), ["content_hash"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_approval_submission_decided_at"), ["decided_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_approval_submission_experiment_id"), ["experiment_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_approval_submission_expires_at"), ["expires_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_approval_submission_previous_id"), ["previous_id"], unique=False
        )
        batch_op.create_index(
            "ix_approval_submission_run_id_task", ["run_id", "task"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_approval_submission_state"), ["state"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_approval_submission_submitted_at"), ["submitted_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_approval_submission_submitter_id"), ["submitter_id"], unique=False
        )
        batch_op.create_index(
            "one_open_submission_per_stage",
            ["run_id", "task", "stage"],
            unique=True,
            sqlite_where=sa.text("state IN ('draft', 'submitted')"),
            postgresql_where=sa.text("state IN ('draft', 'submitted')"),
        )

    op.create_table(
        "gate_decision",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("as_of", sa.DateTime(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=True),
        sa.Column("submission_id", sa.String(), nullable=True),
        sa.Column("content_hash", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_decision")),
    )
    with op.batch_alter_table("gate_decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gate_decision_actor_id"), ["actor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_gate_decision_allowed"), ["allowed"], unique=False)
        batch_op.create_index(batch_op.f("ix_gate_decision_at"), ["at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_gate_decision_request_id"), ["request_id"], unique=False
        )
        batch_op.create_index(
            "ix_gate_decision_run_id_task_at", ["run_id", "task", "at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_gate_decision_submission_id"), ["submission_id"], unique=False
        )

    op.create_table(
        "approval_remark",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("person_name", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["approval_submission.id"],
            name=op.f("fk_approval_remark_submission_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_remark")),
    )
    with op.batch_alter_table("approval_remark", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_approval_remark_submission_id"), ["submission_id"], unique=False
        )

    op.create_table(
        "approval_vote",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("person_name", sa.String(), nullable=False),
        sa.Column("principal_id", sa.String(), nullable=False),
        sa.Column("principal_name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("carried_from", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["approval_submission.id"],
            name=op.f("fk_approval_vote_submission_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_vote")),
        sa.UniqueConstraint(
            "submission_id", "person_id", name=op.f("uq_approval_vote_submission_id_person_id")
        ),
        sa.UniqueConstraint(
            "submission_id",
            "principal_id",
            name=op.f("uq_approval_vote_submission_id_principal_id"),
        ),
    )
    with op.batch_alter_table("approval_vote", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_approval_vote_person_id"), ["person_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_approval_vote_submission_id"), ["submission_id"], unique=False
        )


def downgrade() -> None:
    """Take this revision back."""
    with op.batch_alter_table("approval_vote", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_approval_vote_submission_id"))
        batch_op.drop_index(batch_op.f("ix_approval_vote_person_id"))

    op.drop_table("approval_vote")
    with op.batch_alter_table("approval_remark", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_approval_remark_submission_id"))

    op.drop_table("approval_remark")
    with op.batch_alter_table("gate_decision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_gate_decision_submission_id"))
        batch_op.drop_index("ix_gate_decision_run_id_task_at")
        batch_op.drop_index(batch_op.f("ix_gate_decision_request_id"))
        batch_op.drop_index(batch_op.f("ix_gate_decision_at"))
        batch_op.drop_index(batch_op.f("ix_gate_decision_allowed"))
        batch_op.drop_index(batch_op.f("ix_gate_decision_actor_id"))

    op.drop_table("gate_decision")
    with op.batch_alter_table("approval_submission", schema=None) as batch_op:
        batch_op.drop_index(
            "one_open_submission_per_stage",
            sqlite_where=sa.text("state IN ('draft', 'submitted')"),
            postgresql_where=sa.text("state IN ('draft', 'submitted')"),
        )
        batch_op.drop_index(batch_op.f("ix_approval_submission_submitter_id"))
        batch_op.drop_index(batch_op.f("ix_approval_submission_submitted_at"))
        batch_op.drop_index(batch_op.f("ix_approval_submission_state"))
        batch_op.drop_index("ix_approval_submission_run_id_task")
        batch_op.drop_index(batch_op.f("ix_approval_submission_previous_id"))
        batch_op.drop_index(batch_op.f("ix_approval_submission_expires_at"))
        batch_op.drop_index(batch_op.f("ix_approval_submission_experiment_id"))
        batch_op.drop_index(batch_op.f("ix_approval_submission_decided_at"))
        batch_op.drop_index(batch_op.f("ix_approval_submission_content_hash"))
        batch_op.drop_index(batch_op.f("ix_approval_submission_answer_by"))

    op.drop_table("approval_submission")
    with op.batch_alter_table("approval_raised_tier", schema=None) as batch_op:
        batch_op.drop_index("ix_approval_raised_tier_run_id_task")

    op.drop_table("approval_raised_tier")
    with op.batch_alter_table("approval_delegation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_approval_delegation_taker_id"))
        batch_op.drop_index(batch_op.f("ix_approval_delegation_giver_id"))

    op.drop_table("approval_delegation")
