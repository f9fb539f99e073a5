"""Scenarios: what is given, what happens, and what must stand at each system afterwards."""
