"""Honest evaluation: scores with intervals, the table of predictions, and the report."""
