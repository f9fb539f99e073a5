"""A simulated carrier: parcels on their way, and what they cost."""
