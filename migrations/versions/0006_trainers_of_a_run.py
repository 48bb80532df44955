"""Who conducts a run beside the trainer who opened it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "run_trainer",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_trainer_run_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_run_trainer_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "person_id", name=op.f("pk_run_trainer")),
    )
    op.create_index(op.f("ix_run_trainer_person_id"), "run_trainer", ["person_id"])


def downgrade() -> None:
    op.drop_table("run_trainer")
