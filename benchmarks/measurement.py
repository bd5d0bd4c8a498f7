"""Measurements on frames: right against the survey's catalogue, photutils and the truth, and fast.

Usage: SKYCLASS_TEST_DATA=... python benchmarks/measurement.py [catalogue] [pairs] [photutils]
       [speed] [crowded]

Without names all parts run. `catalogue`: the stars of field 4510-4-30 against calibObj's PSF
fluxes and SATUR flags. `pairs`: fluxes of pairs of stars painted into simulated frames, in their
errors. `photutils`: PSF photometry of the same r frame with a PSF of its own. `speed`: CPU time of
measuring five real fields against the bare decompression of their five whole frames by bz2, taken
in turns. `crowded`: time and memory of all sources of a globular cluster's field, frames included.
Needs photutils and GalSim.
"""

import bz2
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np
from astropy.nddata import NDData
from astropy.table import Table
from photutils.psf import EPSFBuilder, PSFPhotometry, extract_stars

from skyclass.frames.frame import Frame
from skyclass.measurement.detect import detect
from skyclass.measurement.measure_field import measure_field
from skyclass.measurement.measurement import Flag
from skyclass.photometry import to_flux
from skyclass.simulation.camera import GAIN, make_camera
from skyclass.simulation.exposure import expose_frame
from skyclass.simulation.painter import Painter, Shapes, make_shapes
from skyclass.simulation.population import draw_block
from skyclass.simulation.sky import SKIES, get_sky
from skyclass.simulation.strip import make_strip
from skyclass.surveys.sdss.layout import (
    BANDS,
    FRAME_SHAPE,
    PIXEL_SCALE,
    SATURATION,
    Field,
    find_frame,
)
from skyclass.surveys.sdss.reader import open_field
from skyclass.surveys.sdss.survey import SDSS

STARS = Field(301, 4510, 4, 30)
FIELDS = (
    STARS,
    Field(301, 3918, 3, 213),
    Field(301, 1992, 1, 87),
    Field(301, 1035, 6, 17),
    Field(301, 7264, 3, 111),
)
CLUSTER = Field(301, 2583, 2, 136)
SATUR = 1 << 18
PAIRS, SEEDS = 250, (3, 5, 7)


def main(data: Path, parts: list[str]) -> None:
    known = {
        "catalogue": compare_with_catalogue,
        "pairs": measure_pairs,
        "photutils": compare_with_photutils,
        "speed": compare_with_decoding,
        "crowded": measure_cluster,
    }
    for part in parts or known:
        print(f"\n{part}")
        known[part](data)


def spread(values: np.ndarray) -> float:
    return float(1.48 * np.median(np.abs(values - np.median(values))))


def open_stars(data: Path) -> tuple[tuple[Frame, ...], Table]:
    stars = Table.read(data / "calibObj-004510-4-star.fits.gz")
    return open_field(data / "frames", STARS), stars[stars["FIELD"] == STARS.field]


def compare_with_catalogue(data: Path) -> None:
    frames, stars = open_stars(data)
    measured = measure_field(frames, np.array(stars["RA"]), np.array(stars["DEC"]), SDSS)
    saturated = (np.array(stars["FLAGS"]) & SATUR) > 0
    for b, band in enumerate(BANDS):
        reference = np.array(stars["PSFFLUX"])[:, b]
        ratio = reference * np.sqrt(np.array(stars["PSFFLUX_IVAR"])[:, b])
        chosen = (ratio > (10 if band == "z" else 30)) & ~saturated[:, b]
        chosen &= ~measured.has(Flag.BLENDED)[:, b]
        difference = -2.5 * np.log10(measured.psf_flux[chosen, b] / reference[chosen])
        own = measured.has(Flag.SATURATED)[:, b]
        print(
            f"{band}: {chosen.sum()} stars, median {np.median(difference):+.3f} mag, scatter"
            f" {spread(difference):.3f} (error there {np.median(1.086 / ratio[chosen]):.3f});"
            f" saturated {np.sum(own & saturated[:, b])} of the survey's"
            f" {saturated[:, b].sum()}, others {np.sum(own & ~saturated[:, b])}"
        )


def measure_pairs(_data: Path) -> None:
    for sky in SKIES:
        pulls, bright = [], []
        for seed in SEEDS:
            frames, ra, dec, flux = paint_pairs(seed, sky)
            measured = measure_field(frames, ra, dec, SDSS)
            pulls.append((measured.psf_flux - flux) / measured.psf_flux_err)
            brightest = flux > np.percentile(flux, 85, axis=0)
            difference = -2.5 * np.log10(measured.psf_flux / flux)
            bright.append(np.where(brightest, difference, np.nan))
        pull, difference = np.concatenate(pulls), np.concatenate(bright)
        for b, band in enumerate(BANDS):
            print(
                f"{sky} sky, {band}: {len(pull)} stars of S/N 5 to 100 in pairs from 0.8 FWHM:"
                f" pull {np.median(pull[:, b]):+.2f}, width {spread(pull[:, b]):.2f}; the brightest"
                f" {np.nanmedian(difference[:, b]):+.3f} mag"
            )


def paint_pairs(seed: int, sky: str) -> tuple[list[Frame], np.ndarray, np.ndarray, np.ndarray]:
    """Paint pairs into a simulated field, each star's S/N in each band between 5 and 100."""
    strip, index, rng = make_strip(seed, 0), 1, np.random.default_rng(seed)
    block = draw_block(seed, "spectral-class", 250, strip, index, get_sky(sky))
    shapes = make_shapes(block.sources)
    middle = np.array([700.0]), np.array([1000.0])
    widest = max(float(psf.compute_fwhm(*middle)[0]) for psf in block.psfs) / PIXEL_SCALE
    first = rng.uniform(60, (1420, 1980), (PAIRS, 2))
    angle, distance = rng.uniform(0, 2 * np.pi, PAIRS), rng.uniform(0.8, 3, PAIRS) * widest
    second = first + distance[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    rows, columns = np.concatenate([first, second]).T
    ra, dec = strip.make_wcs(index, 2).wcs_pix2world(columns, rows, 0)
    frames, fluxes = [], []
    for b, camera in enumerate(make_camera(seed, strip.run, strip.camcol)):
        psf, wcs = block.psfs[b], strip.make_wcs(index, b)
        painter, light = Painter(psf, camera.pixel_noise), np.zeros(FRAME_SHAPE, np.float32)
        x, y = wcs.wcs_world2pix(block.ra, block.dec, 0)
        painter.add_sources(light, shapes, to_flux(block.sources.magnitudes[:, b]), (y, x), 0)
        x, y = wcs.wcs_world2pix(ra, dec, 0)
        gain = GAIN[b] / camera.nanomaggies_per_count
        noise = psf.compute_noise_area(psf.compute_fwhm(y, x)) * camera.pixel_noise**2
        photons = 10 ** (2 * rng.uniform(np.log10(5), 2, 2 * PAIRS)) / gain
        flux = 0.5 * (photons + np.sqrt(photons**2 + 4 * gain * photons * noise))
        points = Shapes([None] * (2 * PAIRS), np.zeros(2 * PAIRS))
        painter.add_sources(light, points, flux, (y, x), 0)
        image = expose_frame(seed, strip, index, camera, light)
        saturation = 0.97 * SATURATION[b] * camera.nanomaggies_per_count
        frames.append(Frame(BANDS[b], image, wcs, True, FRAME_SHAPE, saturation, gain=gain))
        fluxes.append(flux)
    return frames, ra, dec, np.stack(fluxes, axis=1)


def compare_with_photutils(data: Path) -> None:
    frames, stars = open_stars(data)
    ra, dec = np.array(stars["RA"]), np.array(stars["DEC"])
    measured, frame = measure_field(frames, ra, dec, SDSS), frames[2]
    (x, y), flux = frame.pixel(ra, dec), measured.psf_flux[:, 2]
    wrong = measured.has(Flag.SATURATED | Flag.BLENDED | Flag.EDGE)[:, 2]
    chosen = np.flatnonzero(~wrong & (flux > 20 * measured.psf_flux_err[:, 2]))
    brightest = chosen[np.argsort(-flux[chosen])][:25]
    image = frame.data.astype(float)
    table = Table({"x": x[brightest], "y": y[brightest]})
    cutouts = extract_stars(NDData(image), table, size=25)
    psf = EPSFBuilder(oversampling=2, maxiters=6, progress_bar=False)(cutouts)[0]
    psf.x_0.fixed = psf.y_0.fixed = True
    error = np.full(image.shape, float(measured.sky_noise[0, 2]))
    fitted = PSFPhotometry(psf, (9, 9), aperture_radius=4)(
        image, error=error, init_params=Table({"x": x[chosen], "y": y[chosen]})
    )
    ratio = np.array(fitted["flux_fit"]) / flux[chosen]
    print(
        f"r, {len(ratio)} stars: photutils over ours {np.median(ratio):.3f} (its profile ends at"
        f" 12 pixels), scatter {spread(ratio):.3f}"
    )


def compare_with_decoding(data: Path) -> None:
    ratios = []
    for field in FIELDS:
        paths = [find_frame(data / "frames", field, band) for band in BANDS]
        frames = open_field(data / "frames", field)
        sources = detect(frames[2])
        ra, dec = sources["ra"].to_numpy(), sources["dec"].to_numpy()
        measuring, decoding = [], []
        for _ in range(3):
            start = time.process_time()
            for path in paths:
                bz2.decompress(path.read_bytes())
            middle = time.process_time()
            measure_field(frames, ra, dec, SDSS)
            decoding.append(middle - start)
            measuring.append(time.process_time() - middle)
        ratios.append(min(measuring) / min(decoding))
        print(
            f"{field}, {len(ra)} objects: measuring {min(measuring):.2f} s, decoding"
            f" {min(decoding):.2f} s, ratio {ratios[-1]:.2f}"
        )
    print(f"mean ratio {np.mean(ratios):.2f}")


def measure_cluster(data: Path) -> None:
    start, cpu = time.perf_counter(), time.process_time()
    frames = open_field(data / "frames", CLUSTER)
    sources = detect(frames[2])
    measure_field(frames, sources["ra"].to_numpy(), sources["dec"].to_numpy(), SDSS)
    print(
        f"{CLUSTER}, {len(sources)} sources, frames read included:"
        f" {time.perf_counter() - start:.1f} s, CPU {time.process_time() - cpu:.1f} s, at most"
        f" {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB"
    )


if __name__ == "__main__":
    main(Path(os.environ["SKYCLASS_TEST_DATA"]) / "sdss", sys.argv[1:])
