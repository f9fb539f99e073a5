"""Tryton as the real ERP of the demo and of the integration tests: a separate process, never imported."""
