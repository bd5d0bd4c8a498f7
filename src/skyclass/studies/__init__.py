"""A grid of experiments and its comparison."""
