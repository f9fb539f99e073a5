"""Tests of the pipeline against a small world: a real journal, scripted targets."""
