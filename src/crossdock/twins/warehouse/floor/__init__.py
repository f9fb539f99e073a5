"""What happens inside the simulated warehouse: stock, orders, picks, cartons, events. Pure but for its own memory."""
