"""The table of the matrix, and the proof that scenarios notice what is taken away."""
