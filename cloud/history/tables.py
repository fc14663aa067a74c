"""Which addresses go on with the history of which."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from cloud.db import Base

ADDRESS = String(1000)


class TagMapping(Base):
    """From plant time `from_ms` on a gateway, a device or a signal goes on with another one's history.

    `codes` says what each old value is today. One that was undone stays, to be seen. `moved` are the machines
    and readers whose gateway it changed. Times beside `from_ms` are real.
    """

    __tablename__ = "tag_mapping"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    old: Mapped[str] = mapped_column(ADDRESS)
    new: Mapped[str] = mapped_column(ADDRESS)
    from_ms: Mapped[int]
    scale: Mapped[float]
    shift: Mapped[float]
    codes: Mapped[dict[str, Any] | None]
    note: Mapped[str] = mapped_column(String(300))
    moved: Mapped[list[str]]
    username: Mapped[str] = mapped_column(String(60))
    made_ms: Mapped[int]
    undone_ms: Mapped[int | None]
    undone_by: Mapped[str | None] = mapped_column(String(60))


class TagMappingPair(Base):
    """One signal of a mapping, with the versions of bindings that it made."""

    __tablename__ = "tag_mapping_pair"

    mapping_id: Mapped[int] = mapped_column(ForeignKey("tag_mapping.id"), primary_key=True)
    new_tag: Mapped[str] = mapped_column(ADDRESS, primary_key=True)
    old_tag: Mapped[str] = mapped_column(ADDRESS)
    ended_version: Mapped[int | None]
    bound_version: Mapped[int | None]

    __table_args__ = (Index("ix_tag_mapping_pair_new_tag", "new_tag"),)
