"""Warehouse systems that speak the reference warehouse API."""
