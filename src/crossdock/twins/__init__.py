"""Simulated systems with state, a face and fault dials."""
