"""The production slice of the cloud."""
