"""The HTTP face of the hub: intake, process and admin."""
