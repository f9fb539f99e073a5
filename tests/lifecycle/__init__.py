"""Tests of the tables of an order's life, and the proof that every row of them counts."""
