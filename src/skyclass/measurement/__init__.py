"""Measure a field's frames: detection of sources, photometry of objects."""
