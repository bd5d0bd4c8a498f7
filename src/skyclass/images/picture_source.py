"""The service that an image type of ready-made pictures takes them from."""

from dataclasses import dataclass

__all__ = ["PictureSource"]


@dataclass(frozen=True)
class PictureSource:
    """Which ready-made pictures to request from an archive that draws them itself."""

    service: str
    """`skyserver` (SDSS ImgCutout getjpeg) or `ps1` (fitscut at STScI)."""
    scale: float
    """Arcsec per pixel."""
    width: int
    """Pixels a side."""
    options: str = ""
    """Drawing options of the service (SkyServer's `opt`)."""
    bands: str = ""
    """Bands drawn as red, green and blue, if the service offers the choice."""
