"""A simulated warehouse that speaks the reference warehouse API."""
