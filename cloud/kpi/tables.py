"""What people write about a shift for those who come after."""

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from cloud.db import Base


class HandoverNote(Base):
    """One version of a note for the next shift; the highest version of a number holds.

    `scope` is `site`, `line:ID` or `machine:ID`, `shift_start_ms` (plant time) names the shift; neither
    changes with the version. A row is never changed; a withdrawn version says that the note holds no more.
    """

    __tablename__ = "handover_note"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    scope: Mapped[str] = mapped_column(String(80))
    shift_start_ms: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    withdrawn: Mapped[bool]
    username: Mapped[str] = mapped_column(String(60))
    said_ms: Mapped[int]  # plant time

    __table_args__ = (Index("ix_handover_note_shift_start_ms", "shift_start_ms"),)
