"""What maintenance hears and says through the outbox."""

CONDITION_SAMPLED = "ConditionSampled"
STATE_CHANGED = "StateChanged"
JOB_CHANGED = "JobChanged"
TARGET_WATCHED = "TargetWatched"
WINDOWS = frozenset({CONDITION_SAMPLED, STATE_CHANGED, JOB_CHANGED})
HEARD = WINDOWS | {TARGET_WATCHED}

ALARM_RAISED = "AlarmRaised"
ALARM_CHANGED = "AlarmChanged"
