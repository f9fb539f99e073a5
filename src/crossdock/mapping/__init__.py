"""Crosswalks and one partner's deviations, as data."""
