"""What is kept of people: accounts, their signed-in sessions, failed sign-ins, links sent by letter."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.database import Model, one_of


class Role(StrEnum):
    """What someone may do; an organiser here is a coordinator: an organiser of everything."""

    PRACTITIONER = "practitioner"
    TRAINER = "trainer"
    ORGANISER = "organiser"


class Standing(StrEnum):
    """Whether an account may be used: asked for, open, or closed by an organiser."""

    WAITING = "waiting"
    ACTIVE = "active"
    DISABLED = "disabled"


class Profession(StrEnum):
    """The service someone works in; lessons speak to each."""

    POLICE = "police"
    PROSECUTOR = "prosecutor"
    JUDGE = "judge"
    SUPPORT = "support"
    OTHER = "other"


class Purpose(StrEnum):
    """What a link may be used for, and nothing else."""

    INVITATION = "invitation"
    RESET = "reset"
    SIGN_IN = "sign-in"


class Person(Model):
    """Someone with an account. `email` is folded to lower case; `name` is as printed on certificates."""

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_is_folded"),
        CheckConstraint("name <> ''", name="has_a_name"),
        CheckConstraint("extra_time BETWEEN 0 AND 400", name="extra_time_in_per_cent"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str]
    role: Mapped[Role] = mapped_column(one_of(Role, "role"), default=Role.PRACTITIONER)
    standing: Mapped[Standing] = mapped_column(one_of(Standing, "standing"), default=Standing.ACTIVE, index=True)
    profession: Mapped[Profession] = mapped_column(one_of(Profession, "profession"), default=Profession.OTHER)
    organisation: Mapped[str] = mapped_column(default="")
    country: Mapped[str] = mapped_column(String(2), default="")
    language: Mapped[str] = mapped_column(String(2), default="")
    extra_time: Mapped[int] = mapped_column(default=0)
    password_hash: Mapped[str | None]
    joined_at: Mapped[datetime]
    logins: Mapped[list["Login"]] = relationship(back_populates="person")

    is_authenticated = True
    is_anonymous = False
    session_key = ""  # of the session just begun; what the cookie is given

    def get_id(self) -> str:
        return self.session_key

    @property
    def is_active(self) -> bool:
        return self.standing == Standing.ACTIVE


class Login(Model):
    """One signed-in session; the cookie holds a random id, this row its hash. An ended row opens nothing."""

    __tablename__ = "login"
    __table_args__ = (Index("ix_login_person_id_ended_at", "person_id", "ended_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    person: Mapped[Person] = relationship(back_populates="logins")
    device: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(String(64), default="")
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class FailedSignIn(Model):
    """A wrong password; counted by account and address over every process, kept for some days."""

    __tablename__ = "failed_sign_in"
    __table_args__ = (
        Index("ix_failed_sign_in_account_at", "account", "at"),
        Index("ix_failed_sign_in_address_at", "address", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


class Link(Model):
    """A link in a letter: for one person, one purpose, one use, and a short time."""

    __tablename__ = "link"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[Purpose] = mapped_column(one_of(Purpose, "purpose"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    person: Mapped[Person] = relationship()
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
