"""The downtime slice of the cloud: stops, their reasons, and what people declare by hand."""
