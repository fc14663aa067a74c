"""The front door: command line, demo, judge, benchmarks."""
