"""Who may use the product, who does, and what they changed."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from cloud.db import Base

NAME = String(60)


class Role(Base):
    """A role with its permissions; a reserved one is not given to anybody yet."""

    __tablename__ = "role"

    id: Mapped[str] = mapped_column(NAME, primary_key=True)
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    permissions: Mapped[list[str]]
    reserved: Mapped[bool]


class User(Base):
    """A person who can log in; the password is kept as a salted scrypt hash."""

    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    username: Mapped[str] = mapped_column(NAME, unique=True)
    display_name: Mapped[str] = mapped_column(String(200))
    role_id: Mapped[str] = mapped_column(ForeignKey("role.id"))
    password_hash: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)


class UserSession(Base):
    """A login; times are real time. Only the hash of the token is kept, so a stolen backup opens nothing."""

    __tablename__ = "user_session"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_ms: Mapped[int]
    expires_ms: Mapped[int]

    __table_args__ = (Index("ix_user_session_expires_ms", "expires_ms"),)


class ApiToken(Base):
    """What a program reads with instead of a person's login; times are real time.

    Only the hash is kept; `hint` are the first characters, by which a person tells one from another. It opens
    what `role_id` may read, and no more than its owner may.
    """

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    role_id: Mapped[str] = mapped_column(ForeignKey("role.id"))
    name: Mapped[str] = mapped_column(String(100))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(12))
    created_ms: Mapped[int]
    expires_ms: Mapped[int]
    used_ms: Mapped[int | None]
    revoked_ms: Mapped[int | None]

    __table_args__ = (Index("ix_api_token_user_id", "user_id"),)


class AuditEntry(Base):
    """Who did what to which object, in real time; entries are only ever added."""

    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at_ms: Mapped[int]
    username: Mapped[str] = mapped_column(NAME)
    action: Mapped[str] = mapped_column(String(60))
    object: Mapped[str] = mapped_column(String(200))
    detail: Mapped[dict[str, Any]]

    __table_args__ = (Index("ix_audit_log_object", "object"),)
