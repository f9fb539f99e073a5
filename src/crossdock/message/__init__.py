"""Capture, message, transmission and the moves each may make."""
