"""An experiment end to end, and what is built of its stages."""
