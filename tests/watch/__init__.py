"""What goes on besides documents, seen from outside a running hub."""
