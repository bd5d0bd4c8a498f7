"""Labelling problems: class names, and how a catalogue row gets its label."""
