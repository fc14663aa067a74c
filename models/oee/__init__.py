"""OEE after ISO 22400-2: timelines, scores, losses, shifts."""
