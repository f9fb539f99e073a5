"""Stock in the pipeline, on real journals."""
