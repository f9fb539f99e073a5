"""The ledger and its queries: one contract, several stores."""
