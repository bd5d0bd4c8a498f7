"""A simulated sky in the file format of the SDSS archive, drawn with GalSim."""

from skyclass.simulation.survey import simulate

__all__ = ["simulate"]
