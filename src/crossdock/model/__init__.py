"""Business documents, quantities and identifiers: what the hub talks about. Pure."""
