"""What an exercise taught, who sees to it and by when."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "lesson_learned",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(length=300), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.CheckConstraint("number >= 1", name=op.f("ck_lesson_learned_numbered_from_1")),
        sa.CheckConstraint("words <> ''", name=op.f("ck_lesson_learned_says_something")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_lesson_learned_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson_learned")),
        sa.UniqueConstraint("run_id", "number", name=op.f("uq_lesson_learned_run_id_number")),
    )


def downgrade() -> None:
    op.drop_table("lesson_learned")
