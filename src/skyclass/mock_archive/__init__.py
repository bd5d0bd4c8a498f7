"""A local server that answers as the real archives do, faults included, from a survey directory."""
