"""What maintenance hears and says through the outbox."""

CONDITION_SAMPLED = "ConditionSampled"
STATE_CHANGED = "StateChanged"
JOB_CHANGED = "JobChanged"
HEARD = frozenset({CONDITION_SAMPLED, STATE_CHANGED, JOB_CHANGED})

ALARM_RAISED = "AlarmRaised"
ALARM_CHANGED = "AlarmChanged"
