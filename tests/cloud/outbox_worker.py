"""A program that dispatches a few events at a time until it is killed or nothing is left."""

import sys
from collections.abc import Sequence

from sqlalchemy.orm import Session

from cloud.db import Database
from cloud.identity.tables import AuditEntry
from cloud.outbox import Consumer, Event, dispatch


def note(session: Session, events: Sequence[Event]) -> None:
    for event in events:
        entry = AuditEntry(
            at_ms=0, username="worker", action=event.kind, object=str(event.payload["n"]), detail={}
        )
        session.add(entry)
        session.flush()


def main() -> None:
    db = Database(sys.argv[1])
    consumer = Consumer("worker", frozenset({"Made"}), note)
    sys.stdout.write("started\n")
    sys.stdout.flush()
    while dispatch(db, [consumer], limit=3):
        pass


if __name__ == "__main__":
    main()
