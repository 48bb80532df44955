"""Live exercises: runs, moves, players, answers, decisions, who took part, thoughts afterwards."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "taking_part",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("module", sa.String(length=80), nullable=False),
        sa.Column("exercise", sa.String(length=80), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_taking_part_event_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_taking_part_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "person_id", name=op.f("pk_taking_part")),
    )
    with op.batch_alter_table("taking_part", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_taking_part_event_id"), ["event_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_taking_part_person_id"), ["person_id"], unique=False)

    op.create_table(
        "run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("module", sa.String(length=80), nullable=False),
        sa.Column("exercise", sa.String(length=80), nullable=False),
        sa.Column("exercise_version", sa.String(length=64), nullable=False),
        sa.Column("scenario", sa.JSON(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("code", sa.String(length=6), nullable=False),
        sa.Column("screen_key", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=True),
        sa.Column("half_day_id", sa.Uuid(), nullable=True),
        sa.Column("opened_by_id", sa.Integer(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.Column(
            "teams_by",
            sa.Enum("hand", "mix", "self", name="teams_by", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("title <> ''", name=op.f("ck_run_has_a_title")),
        sa.CheckConstraint("capacity BETWEEN 1 AND 2000", name=op.f("ck_run_capacity_fits")),
        sa.CheckConstraint("half_day_id IS NULL OR event_id IS NOT NULL", name=op.f("ck_run_half_day_is_of_an_event")),
        sa.CheckConstraint("length(code) = 6", name=op.f("ck_run_code_is_six_signs")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_run_event_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["half_day_id"], ["half_day.id"], name=op.f("fk_run_half_day_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["opened_by_id"], ["person.id"], name=op.f("fk_run_opened_by_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint("screen_key", name=op.f("uq_run_screen_key")),
    )
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_run_event_id"), ["event_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_run_half_day_id"), ["half_day_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_run_opened_at"), ["opened_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_run_opened_by_id"), ["opened_by_id"], unique=False)
        batch_op.create_index(
            "uq_run_code",
            ["code"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "move",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("decided", sa.JSON(none_as_null=True), nullable=True),
        sa.CheckConstraint("number >= 0", name=op.f("ck_move_numbered_from_0")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_move_by_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_move_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_move")),
        sa.UniqueConstraint("run_id", "number", name=op.f("uq_move_run_id_number")),
    )
    with op.batch_alter_table("move", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_move_by_id"), ["by_id"], unique=False)

    op.create_table(
        "player",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column(
            "profession",
            sa.Enum(
                "police",
                "prosecutor",
                "judge",
                "support",
                "other",
                name="profession",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=True,
        ),
        sa.Column("team", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=80), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_player_person_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_player_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_player")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_player_key_hash")),
        sa.UniqueConstraint("run_id", "person_id", name=op.f("uq_player_run_id_person_id")),
    )
    with op.batch_alter_table("player", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_player_person_id"), ["person_id"], unique=False)

    op.create_table(
        "thought",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column(
            "about",
            sa.Enum("worked", "change", "will-do", name="about", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("words", sa.Text(), nullable=False),
        sa.CheckConstraint("words <> ''", name=op.f("ck_thought_says_something")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_thought_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thought")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("thought", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_thought_run_id"), ["run_id"], unique=False)

    op.create_table(
        "answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("task", sa.String(length=80), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("player_id", sa.Uuid(), nullable=True),
        sa.Column(
            "profession",
            sa.Enum(
                "police",
                "prosecutor",
                "judge",
                "support",
                "other",
                name="profession",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=True,
        ),
        sa.Column("team", sa.String(length=80), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("later", sa.JSON(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(player_id IS NULL) = (at IS NULL)", name=op.f("ck_answer_cut_from_player_and_time_at_once")
        ),
        sa.CheckConstraint("player_id IS NOT NULL OR turn = 0", name=op.f("ck_answer_cut_from_its_turn_too")),
        sa.CheckConstraint("round >= 1", name=op.f("ck_answer_rounds_from_1")),
        sa.ForeignKeyConstraint(["player_id"], ["player.id"], name=op.f("fk_answer_player_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_answer_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
        sa.UniqueConstraint("player_id", "task", "round", name=op.f("uq_answer_player_id_task_round")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("answer", schema=None) as batch_op:
        batch_op.create_index("ix_answer_run_id_task", ["run_id", "task"], unique=False)

    op.create_table(
        "decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("task", sa.String(length=80), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("team", sa.String(length=80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("player_id", sa.Uuid(), nullable=True),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("team <> ''", name=op.f("ck_decision_of_a_team")),
        sa.ForeignKeyConstraint(["player_id"], ["player.id"], name=op.f("fk_decision_player_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_decision_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sa.UniqueConstraint(
            "run_id", "task", "round", "team", "number", name=op.f("uq_decision_run_id_task_round_team_number")
        ),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index("ix_decision_player_id", ["player_id"], unique=False)

    op.create_table(
        "recorder",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("team", sa.String(length=80), nullable=False),
        sa.Column("player_id", sa.Uuid(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["player_id"], ["player.id"], name=op.f("fk_recorder_player_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_recorder_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "team", name=op.f("pk_recorder")),
    )
    with op.batch_alter_table("recorder", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recorder_player_id"), ["player_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("recorder", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_recorder_player_id"))

    op.drop_table("recorder")
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index("ix_decision_player_id")

    op.drop_table("decision")
    with op.batch_alter_table("answer", schema=None) as batch_op:
        batch_op.drop_index("ix_answer_run_id_task")

    op.drop_table("answer")
    with op.batch_alter_table("thought", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_thought_run_id"))

    op.drop_table("thought")
    with op.batch_alter_table("player", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_player_person_id"))

    op.drop_table("player")
    with op.batch_alter_table("move", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_move_by_id"))

    op.drop_table("move")
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_run_code", sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL")
        )
        batch_op.drop_index(batch_op.f("ix_run_opened_by_id"))
        batch_op.drop_index(batch_op.f("ix_run_opened_at"))
        batch_op.drop_index(batch_op.f("ix_run_half_day_id"))
        batch_op.drop_index(batch_op.f("ix_run_event_id"))

    op.drop_table("run")
    with op.batch_alter_table("taking_part", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_taking_part_person_id"))
        batch_op.drop_index(batch_op.f("ix_taking_part_event_id"))

    op.drop_table("taking_part")
