"""Sheets that people fill in for machines without a PLC."""

from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from cloud.db import Base

ID = String(60)


class ManualSheet(Base):
    """One version of a machine's sheet over `[start_ms, end_ms)`, plant time; the highest version holds.

    A sheet is named by machine and start. `periods` are `{start_ms, end_ms, state}`, `runs`
    `{start_ms, end_ms, job, good, reject}`. A row is never changed; a withdrawn version says that the
    sheet tells nothing any more.
    """

    __tablename__ = "manual_sheet"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    machine: Mapped[str] = mapped_column(ID)
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    version: Mapped[int]
    withdrawn: Mapped[bool]
    periods: Mapped[list[Any]]
    runs: Mapped[list[Any]]
    note: Mapped[str] = mapped_column(Text)
    username: Mapped[str] = mapped_column(ID)
    said_ms: Mapped[int]  # plant time

    __table_args__ = (
        Index("ix_manual_sheet_machine_start_ms", "machine", "start_ms", "version", unique=True),
    )
