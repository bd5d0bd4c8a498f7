"""A simulated sky in the file format of the SDSS archive, drawn with GalSim."""
