"""The condition of machines: features, chart, alarms by ISA-18.2."""
