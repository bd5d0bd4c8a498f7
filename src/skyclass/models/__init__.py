"""Networks, colour baselines, and saved classifiers."""
