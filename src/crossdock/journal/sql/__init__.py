"""What both stores share: the reading of the tables, over a connection of either."""
