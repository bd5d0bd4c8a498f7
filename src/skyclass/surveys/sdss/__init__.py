"""The Sloan Digital Sky Survey."""
