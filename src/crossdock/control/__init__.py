"""Health, metrics, pause and resume."""
