"""The edge gateway: reads machines, spools what they say, publishes it."""
