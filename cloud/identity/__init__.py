"""The identity slice of the cloud."""
