"""Order routing through the whole pipeline."""
