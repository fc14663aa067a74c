"""The timeseries slice of the cloud."""
