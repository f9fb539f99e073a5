"""A simulated shop: customers who order, pay and change their minds, and what the shop shows them."""
