"""Incidents and what a person can do about them."""
