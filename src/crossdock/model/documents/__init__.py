"""The business documents, one module per part of the trade."""
