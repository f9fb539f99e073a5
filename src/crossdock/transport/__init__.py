"""Bytes to the world and back; reads no document."""
