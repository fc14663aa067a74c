"""Backup and restore of both stores by command, while the cloud runs."""
