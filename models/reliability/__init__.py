"""Machine condition: features, baselines, alarms with a false-alarm budget."""
