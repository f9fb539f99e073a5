"""Available-to-promise, reservations, holds: rules over beliefs. Pure."""
