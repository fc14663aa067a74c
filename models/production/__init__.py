"""Parts out of counters, units out of parts, tags onto units."""
