"""The wire of EDIFACT: service characters, segments, and the envelope that holds them."""
