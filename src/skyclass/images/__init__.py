"""Cutouts and image types: cutting, storing, rendering, exporting."""
