"""How far an order is: a few tables that run beside each other, and the walk over them."""
