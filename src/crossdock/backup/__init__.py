"""Backups: taking one while the hub runs, and bringing one back without sending anything twice."""
