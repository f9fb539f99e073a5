"""What two people must want, and how one asks and another approves."""
