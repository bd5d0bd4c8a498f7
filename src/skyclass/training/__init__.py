"""Training: data loading, the Lightning module, its callbacks, the search for settings."""
