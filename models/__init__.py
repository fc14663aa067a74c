"""Numbers in, numbers out: pure calculations without I/O, clock or global randomness."""
