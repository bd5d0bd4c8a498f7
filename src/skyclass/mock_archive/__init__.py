"""A local server that answers for a survey directory as the real archives do, faults included."""
