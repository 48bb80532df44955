"""Certificates: the record and the file, names as confirmed, batches, the keys that signed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "signing_key",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("compromised_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("compromised_why", sa.String(length=300), nullable=False),
        sa.CheckConstraint(
            "(compromised_from IS NULL) = (compromised_why = '')", name=op.f("ck_signing_key_compromised_with_a_reason")
        ),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_signing_key")),
    )
    op.create_table(
        "batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["asked_by_id"], ["person.id"], name=op.f("fk_batch_asked_by_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
    )
    with op.batch_alter_table("batch", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_batch_asked_by_id"), ["asked_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_batch_scope"), ["scope"], unique=False)

    op.create_table(
        "certificate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("attendance", "completion", name="kind", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("paper", sa.String(length=80), nullable=False),
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("registration_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("statement_kept", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("key_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by_id", sa.Integer(), nullable=True),
        sa.Column("keep_until", sa.Date(), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("superseded_why", sa.String(length=300), nullable=False),
        sa.Column("superseded_by_id", sa.Integer(), nullable=True),
        sa.Column("successor_id", sa.Integer(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_why", sa.String(length=300), nullable=False),
        sa.Column("revoked_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_why = '')", name=op.f("ck_certificate_revoked_with_a_reason")
        ),
        sa.CheckConstraint(
            "(superseded_at IS NULL) = (superseded_why = '')", name=op.f("ck_certificate_superseded_with_a_reason")
        ),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_certificate_has_a_hash")),
        sa.CheckConstraint(
            "successor_id IS NULL OR superseded_at IS NOT NULL", name=op.f("ck_certificate_successor_supersedes")
        ),
        sa.ForeignKeyConstraint(
            ["issued_by_id"], ["person.id"], name=op.f("fk_certificate_issued_by_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["key_fingerprint"], ["signing_key.fingerprint"], name=op.f("fk_certificate_key_fingerprint")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_certificate_person_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["revoked_by_id"], ["person.id"], name=op.f("fk_certificate_revoked_by_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["successor_id"], ["certificate.id"], name=op.f("fk_certificate_successor_id")),
        sa.ForeignKeyConstraint(
            ["superseded_by_id"], ["person.id"], name=op.f("fk_certificate_superseded_by_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.UniqueConstraint("number", name=op.f("uq_certificate_number")),
        sa.UniqueConstraint("successor_id", name=op.f("uq_certificate_successor_id")),
    )
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_certificate_issued_by_id"), ["issued_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_certificate_key_fingerprint"), ["key_fingerprint"], unique=False)
        batch_op.create_index(batch_op.f("ix_certificate_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_certificate_revoked_by_id"), ["revoked_by_id"], unique=False)
        batch_op.create_index("ix_certificate_scope_issued_at", ["scope", "issued_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_certificate_sha256"), ["sha256"], unique=False)
        batch_op.create_index(batch_op.f("ix_certificate_superseded_by_id"), ["superseded_by_id"], unique=False)
        batch_op.create_index(
            "uq_certificate_paper_scope_person_id",
            ["paper", "scope", "person_id"],
            unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.create_index(
            "uq_certificate_paper_scope_registration_id",
            ["paper", "scope", "registration_id"],
            unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.create_table(
        "confirmed_name",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("registration_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("name <> ''", name=op.f("ck_confirmed_name_has_a_name")),
        sa.CheckConstraint("(person_id IS NULL) <> (registration_id IS NULL)", name=op.f("ck_confirmed_name_of_one")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_confirmed_name_by_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_confirmed_name_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmed_name")),
        sa.UniqueConstraint("person_id", name=op.f("uq_confirmed_name_person_id")),
        sa.UniqueConstraint("registration_id", name=op.f("uq_confirmed_name_registration_id")),
    )
    with op.batch_alter_table("confirmed_name", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_confirmed_name_by_id"), ["by_id"], unique=False)

    op.create_table(
        "batch_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("paper", sa.String(length=80), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("registration_id", sa.Uuid(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "issued",
                "failed",
                "left-out",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("words", sa.String(length=300), nullable=False),
        sa.Column("certificate_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "person_id IS NOT NULL OR registration_id IS NOT NULL", name=op.f("ck_batch_line_of_someone")
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_batch_line_batch_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_batch_line_certificate_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_batch_line_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_line")),
    )
    with op.batch_alter_table("batch_line", schema=None) as batch_op:
        batch_op.create_index("ix_batch_line_batch_id_state", ["batch_id", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_batch_line_certificate_id"), ["certificate_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_batch_line_person_id"), ["person_id"], unique=False)

    op.create_table(
        "certificate_file",
        sa.Column("certificate_id", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_certificate_file_certificate_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("certificate_id", name=op.f("pk_certificate_file")),
    )


def downgrade() -> None:
    op.drop_table("certificate_file")
    with op.batch_alter_table("batch_line", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_batch_line_person_id"))
        batch_op.drop_index(batch_op.f("ix_batch_line_certificate_id"))
        batch_op.drop_index("ix_batch_line_batch_id_state")

    op.drop_table("batch_line")
    with op.batch_alter_table("confirmed_name", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_confirmed_name_by_id"))

    op.drop_table("confirmed_name")
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_certificate_paper_scope_registration_id",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.drop_index(
            "uq_certificate_paper_scope_person_id",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_certificate_superseded_by_id"))
        batch_op.drop_index(batch_op.f("ix_certificate_sha256"))
        batch_op.drop_index("ix_certificate_scope_issued_at")
        batch_op.drop_index(batch_op.f("ix_certificate_revoked_by_id"))
        batch_op.drop_index(batch_op.f("ix_certificate_person_id"))
        batch_op.drop_index(batch_op.f("ix_certificate_key_fingerprint"))
        batch_op.drop_index(batch_op.f("ix_certificate_issued_by_id"))

    op.drop_table("certificate")
    with op.batch_alter_table("batch", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_batch_scope"))
        batch_op.drop_index(batch_op.f("ix_batch_asked_by_id"))

    op.drop_table("batch")
    op.drop_table("signing_key")
