"""The maintenance slice of the cloud."""
