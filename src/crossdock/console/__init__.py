"""Web pages over what the hub knows and what people do about it."""
