"""The kpi slice of the cloud."""
