"""Orders shared out to sites and suppliers while a batch is decided."""
