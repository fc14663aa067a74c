"""The oee slice of the cloud."""
