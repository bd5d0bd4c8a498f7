"""Calibrated frames: pixels, world coordinates, band, calibration; of any survey."""
