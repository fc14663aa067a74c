"""The orders slice of the cloud."""
