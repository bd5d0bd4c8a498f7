"""Data loading, the Lightning module, the training itself, and the search for its settings."""
