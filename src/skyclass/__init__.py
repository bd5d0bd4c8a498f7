"""skyclass: what kind of object is it? Spectral classes and object types from survey images."""

from skyclass._version import __version__

__all__ = ["__version__"]
