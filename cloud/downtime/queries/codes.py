"""What the reason codes of PLCs mean, and which of them mean nothing yet."""

from sqlalchemy.orm import Session

from cloud.downtime import schemas
from cloud.ingest import queries as facts
from cloud.plant import queries as plant
from cloud.plant.schemas import iso, iso_or_none
from cloud.plant.tables import SignalBinding

ROLE = "reason"
# How far back codes without a meaning are looked for.
LOOKED_BACK_MS = 14 * 86_400_000
_UNKNOWN = "unknown:"


def codes_out(session: Session, now_ms: int) -> list[schemas.CodesOut]:
    """The reason codes of every machine that has such a signal, in the order of the flow."""
    bound = {row.machine_id: row for row in plant.current_bindings(session) if row.role == ROLE}
    return [
        code_out(session, bound[machine.id], now_ms)
        for machine in plant.machines(session)
        if machine.id in bound
    ]


def code_out(session: Session, row: SignalBinding, now_ms: int) -> schemas.CodesOut:
    """The codes of one binding."""
    machine = row.machine_id or ""
    came = facts.texts(session, ROLE, machine, now_ms - LOOKED_BACK_MS, now_ms)
    return schemas.CodesOut(
        machine=machine,
        tag=row.tag,
        version=row.version,
        valid_from=iso_or_none(row.valid_from_ms),
        codes=row.code_map or {},
        unknown=[
            schemas.UnknownCode(code=text.removeprefix(_UNKNOWN), count=count, last=iso(last_ms))
            for text, count, last_ms in came
            if text.startswith(_UNKNOWN)
        ],
    )
