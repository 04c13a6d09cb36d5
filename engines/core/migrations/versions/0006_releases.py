"""Releases, and the repositories each is in."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "artifact_release",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("experiment_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("notes", sa.String(), nullable=False),
        sa.Column("formats", sa.JSON(), nullable=False),
        sa.Column("interface", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("job_key", sa.String(), nullable=False),
        sa.Column("lease", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("published_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifact_release")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_artifact_release_name_version")),
    )
    with op.batch_alter_table("artifact_release", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_artifact_release_experiment_id"), ["experiment_id"])
        batch_op.create_index(batch_op.f("ix_artifact_release_name"), ["name"])
        batch_op.create_index(batch_op.f("ix_artifact_release_run_id"), ["run_id"])

    op.create_table(
        "artifact_placement",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("release_id", sa.String(), nullable=False),
        sa.Column("repository", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("permit_id", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["artifact_release.id"],
            name=op.f("fk_artifact_placement_release_id_artifact_release"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifact_placement")),
        sa.UniqueConstraint(
            "release_id", "repository", name=op.f("uq_artifact_placement_release_id_repository")
        ),
    )
    with op.batch_alter_table("artifact_placement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_artifact_placement_release_id"), ["release_id"])


def downgrade() -> None:
    """Take the tables back to the revision before."""
    op.drop_table("artifact_placement")
    op.drop_table("artifact_release")
