"""Files of surveys whose archive cuts each object out: where they lie, and their bytes."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from skyclass.errors import ImageError, MissingFrameError, SurveyError
from skyclass.surveys.survey import Unit, UnitFile
from skyclass.transfer.integrity import read_decompressed

__all__ = ["find_cutout", "find_objects", "list_cutouts", "read_image"]

MakePath = Callable[..., str]
"""From an object's name and `size` in pixels to the path below the directory of a download."""

MAX_BYTES: Final = 512 * 2**20
"""A whole brick of Legacy Surveys has 3,600 x 3,600 pixels in four bands, with inverse variance
415 MB; a skycell of Pan-STARRS has 160 MB."""


def find_cutout(
    root: Path, unit: Unit, folder: str, make_path: MakePath, what: str = "cutout"
) -> Path:
    """Find the largest cutout of an object.

    Parameters
    ----------
    root
        Directory of a download.
    unit
        Name of the object.
    folder
        Folder of all cutouts below it, which has one folder for each size.
    make_path
        Builds the path of a cutout.
    what
        What is looked for, for the message.

    Returns
    -------
    pathlib.Path
        An existing file.

    Raises
    ------
    MissingFrameError
        Where there is none.
    SurveyError
        Where `root` does not exist.
    """
    if not root.is_dir():
        raise SurveyError(f"the directory of frames {root} does not exist")
    sizes = [int(p.name) for p in (root / folder).glob("*") if p.name.isdecimal()]
    for size in sorted(sizes, reverse=True):
        path = root / make_path(str(unit), size=size)
        if path.is_file():
            return path
    name = Path(make_path(str(unit), size=0)).name
    raise MissingFrameError(f"object {unit} has no {what}: expected {name} in {root}/{folder}")


def find_objects(paths: Iterable[Path], folder: str, form: str) -> dict[Unit, Path]:
    """List the objects that have at least one cutout below some directories.

    Parameters
    ----------
    paths
        Directories of downloads.
    folder
        Folder of all cutouts below them.
    form
        Of their names, such as ``NAME.fits``.

    Returns
    -------
    dict
        Each object with the directory that `find_cutout` takes, in the order of their names.

    Raises
    ------
    SurveyError
        Where a path is not a directory, or holds no cutout at all.
    """
    objects: dict[Unit, Path] = {}
    for root in paths:
        if not root.is_dir():
            raise SurveyError(f"{root} is not a directory; name one that holds {folder} cutouts")
        files = {path.name for path in root.glob(f"{folder}/*/*/*.fits")}
        if not files:
            raise SurveyError(f"{root} holds no cutout ({folder}/SIZE/*/{form})")
        objects |= {Unit((name.rsplit(".", form.count("."))[0],)): root for name in files}
    return dict(sorted(objects.items()))


def list_cutouts(
    root: Path,
    unit: Unit,
    folder: str,
    kinds: Iterable[tuple[MakePath, Callable[[Path], None]]],
) -> list[UnitFile]:
    """List the cutouts of an object that lie in a directory.

    Parameters
    ----------
    root, unit, folder
        As `find_cutout` takes them.
    kinds
        For each cutout that an object has, what builds its path and what checks it.

    Returns
    -------
    list of UnitFile
        Those that there are, in the order of `kinds`.
    """
    files = []
    for make_path, check in kinds:
        try:
            path = find_cutout(root, unit, folder, make_path)
        except MissingFrameError:
            continue
        files.append(UnitFile(path.relative_to(root).as_posix(), path, check))
    return files


def read_image(path: Path) -> bytes:
    """Read an image file whole, decompressed.

    Parameters
    ----------
    path
        File.

    Returns
    -------
    bytes
        Its content.

    Raises
    ------
    ImageError
        Where it cannot be read, or has more bytes than any image of these surveys.
    """
    try:
        return read_decompressed(path, MAX_BYTES)
    except OSError as error:
        raise ImageError(f"{path} cannot be read: {error.strerror or error}") from error
    except SurveyError as error:
        raise ImageError(f"{path} {error}") from error
