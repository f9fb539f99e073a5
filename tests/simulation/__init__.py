"""Deterministic simulation: the real hub under a simulated clock, network and disk."""
