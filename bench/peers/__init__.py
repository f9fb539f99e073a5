"""The same job done by what people use today, each in an environment of its own beside the hub."""
