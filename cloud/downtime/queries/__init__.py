"""What is asked about stops: their list, what was said about them, where the time went."""

from cloud.downtime.queries.codes import code_out, codes_out
from cloud.downtime.queries.history import changes_out, recent_reasons
from cloud.downtime.queries.page import StopFilter, corrections_out, downtime_page
from cloud.downtime.queries.pareto import By, Measure, pareto
from cloud.downtime.queries.preview import preview
from cloud.downtime.queries.reasons import reason_out, reasons_out, tree
from cloud.downtime.queries.rules import rule_out, rule_rows
from cloud.downtime.queries.stops import POLICY, Explained, reason_spans, stops_in, whole_stops

__all__ = [
    "POLICY",
    "By",
    "Explained",
    "Measure",
    "StopFilter",
    "changes_out",
    "code_out",
    "codes_out",
    "corrections_out",
    "downtime_page",
    "pareto",
    "preview",
    "reason_out",
    "reason_spans",
    "reasons_out",
    "recent_reasons",
    "rule_out",
    "rule_rows",
    "stops_in",
    "tree",
    "whole_stops",
]
