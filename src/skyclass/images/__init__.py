"""Frames, cutouts and the pictures made of them."""
