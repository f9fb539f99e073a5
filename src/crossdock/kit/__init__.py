"""What a connector author needs, and all that the pipeline knows of a connector."""
