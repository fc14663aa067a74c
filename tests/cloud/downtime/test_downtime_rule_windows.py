"""Which time is looked at again after a rule changed."""

import pytest
from sqlalchemy import select

from cloud.db import Database
from cloud.downtime.actions import add_rule
from cloud.downtime.schemas import RuleIn
from cloud.identity.access import User
from cloud.ingest.tables import SignalFact
from cloud.outbox import OutboxEvent

pytestmark = pytest.mark.every_database

NOW_MS = 1_772_400_000_000
FIRST_MS = NOW_MS - 86_400_000


def test_a_rule_reaches_back_to_the_first_state_of_each_machine(plant_db: Database) -> None:
    with plant_db.write() as session:
        fact = {"kind": "state", "source": "L1-OP10", "stream": "0" * 32, "ord": 0, "quality": 192}
        for position, ts_ms in enumerate([FIRST_MS + 60_000, FIRST_MS], 1):
            session.add(SignalFact(**fact, position=position, ts_ms=ts_ms, text="idle"))
        session.flush()
        user = User(1, "manager", "manager", "manager", frozenset({"downtime.manage"}))
        add_rule(session, RuleIn(reason="pe-no-operator", states=["idle"]), user, NOW_MS)
    with plant_db.read() as session:
        [event] = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == "DowntimeCorrected")).all()
    assert event.payload["windows"] == {"L1-OP10": [FIRST_MS, NOW_MS]}
