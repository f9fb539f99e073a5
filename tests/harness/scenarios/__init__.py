"""The scenarios, each usable from a test and from the command line."""
