"""What changes stops: corrections by people, the tree of reasons, the rules."""

from cloud.downtime.actions.correct import assign, merge, note, split, withdraw
from cloud.downtime.actions.reasons import (
    add_reason,
    add_rule,
    change_codes,
    change_reason,
    change_rule,
    draft_rule,
    order_reasons,
    order_rules,
)

__all__ = [
    "add_reason",
    "add_rule",
    "assign",
    "change_codes",
    "change_reason",
    "change_rule",
    "draft_rule",
    "merge",
    "note",
    "order_reasons",
    "order_rules",
    "split",
    "withdraw",
]
