"""The customers slice of the cloud."""
