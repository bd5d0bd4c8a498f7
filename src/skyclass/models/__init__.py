"""Networks, the catalogue-colour baseline, and saved classifiers."""
