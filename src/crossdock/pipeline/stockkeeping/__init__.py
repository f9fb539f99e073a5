"""Stock in the pipeline: what is told of it, set aside from it, promised, and published to those who sell."""
