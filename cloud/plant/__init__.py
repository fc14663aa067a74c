"""The plant slice of the cloud."""
