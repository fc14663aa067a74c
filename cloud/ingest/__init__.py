"""The ingest slice of the cloud."""
