"""Use a trained model: detect and classify sources."""
