"""Where the pixels of an experiment come from: frames, or pictures that an archive draws."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pandas as pd

from skyclass.cache import Cache, MadeFrom
from skyclass.config.sections import Experiment
from skyclass.images.make_cutouts import make_cutouts, plan_cutouts
from skyclass.images.picture_cutouts import (
    make_picture_cutouts,
    make_picture_request,
    plan_picture_cutouts,
)
from skyclass.images.picture_source import PictureSource
from skyclass.images.registry import get_image_type
from skyclass.images.stored_cutouts import CutoutInfo
from skyclass.plugins import find_plugin_module
from skyclass.progress import Progress
from skyclass.surveys.acquire import acquire_frames, acquire_pictures, is_local
from skyclass.surveys.frame_states import hash_frame_states
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey
from skyclass.workspace import fingerprint, hash_plugins

__all__ = ["PixelSource"]

_THIS_MACHINE: Final = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class PixelSource:
    """The pixels of an experiment."""

    config: Experiment
    """The experiment."""
    table_hash: str
    """Hash of the table that its objects come from."""

    @cached_property
    def picture(self) -> PictureSource | None:
        """Pictures that the image type takes; None if it takes frames."""
        return get_image_type(self.config.images.type, self.config.survey.name).source

    @property
    def reason(self) -> str:
        """Why objects are left out that lack a file."""
        return f"no {'frame' if self.picture is None else 'picture'} in the archive"

    @property
    def survey(self) -> Survey:
        """Survey of the pixels."""
        return get_survey(self.config.survey.name)

    @property
    def size(self) -> int:
        """Pixels a side of the cutouts."""
        if self.picture is not None:
            return self.picture.width
        return self.config.cutouts.count_pixels(self.survey.pixel_scale)

    def hash_input(self, catalog: pd.DataFrame) -> str:
        """Hash everything that determines the cutouts, but for the address of an archive.

        Parameters
        ----------
        catalog
            All objects, before any is left out that lacks a file.

        Returns
        -------
        str
            Hash of rows, rules and release, of the state of frames that are not downloaded, and of
            the code of a survey of one's own.
        """
        settings = self.config.survey
        if self.picture is not None:
            plan = plan_picture_cutouts(catalog, self.picture, settings)
            return plan.fingerprint
        plan, survey = plan_cutouts(catalog, self.config.cutouts, self.survey), self.survey
        is_own = find_plugin_module(survey.open_unit) is not None
        code = hash_plugins(self.config.plugins) if is_own else []
        if settings.frames is not None and is_local(settings):
            states = hash_frame_states(catalog, survey, settings.frames)
            return fingerprint(plan.fingerprint, code, states)
        return fingerprint(plan.fingerprint, code, settings.release)

    @property
    def archive(self) -> str:
        """What distinguishes the archive of downloads from others; empty if there are none.

        An archive on this machine may serve another survey at the same address tomorrow, and the
        same one at another port: the table of the objects tells which it is.
        """
        settings = self.config.survey
        if self.picture is None and is_local(settings):
            return ""
        address = urlsplit(settings.base_url or "")
        if address.hostname in _THIS_MACHINE:
            return f"{address.hostname}{address.path} {self.table_hash}"
        if address.scheme == "file":
            return f"{settings.base_url} {self.table_hash}"
        return settings.base_url or "the survey's own"

    def describe(self, objects: int) -> MadeFrom:
        """Describe the cutouts for people.

        Parameters
        ----------
        objects
            Number of objects.

        Returns
        -------
        dict
            By what each says.
        """
        images = "frames" if self.picture is None else make_picture_request(self.picture)[0]
        return {
            "survey": self.config.survey.name,
            "of": images,
            "objects": objects,
            "size": self.size,
        }

    def locate_files(self, cache: Cache) -> Path:
        """Locate the directory of frames or pictures; downloads are shared by all experiments.

        Parameters
        ----------
        cache
            Where downloads lie, unless the experiment names a directory of frames.

        Returns
        -------
        pathlib.Path
            Directory.
        """
        settings = self.config.survey
        if self.picture is None and settings.frames is not None:
            return settings.frames
        release = f"{settings.name}-{settings.release}"
        key = f"{release}-{sha256(self.archive.encode()).hexdigest()[:8]}"
        made_from: MadeFrom = {
            "survey": settings.name,
            "release": settings.release,
            "archive": settings.base_url or "its own",
        }
        with cache.open_entry("downloads", key, made_from) as entry:
            # a download keeps its own record of what is there
            entry.finish()
        return entry.path

    def acquire(
        self, catalog: pd.DataFrame, files: Path, record: Path, progress: Progress
    ) -> pd.DataFrame:
        """Check or download frames or pictures.

        Parameters
        ----------
        catalog
            Objects.
        files
            Directory of the files.
        record
            Directory for what was checked, where `files` cannot be written.
        progress
            Called with the stage, files done and files in all.

        Returns
        -------
        pandas.DataFrame
            The objects of which the archive has every file.
        """
        config = self.config
        if self.picture is None:
            return acquire_frames(
                catalog,
                config.survey,
                files,
                record,
                size=self.size,
                keep_lacking=config.cutouts.missing_band == "mask",
                progress=progress,
            )
        kind, picture = make_picture_request(self.picture)
        return acquire_pictures(catalog, kind, config.survey, picture, files, progress=progress)

    def make_cutouts(
        self, catalog: pd.DataFrame, files: Path, out: Path, progress: Progress
    ) -> CutoutInfo:
        """Cut all objects out of the frames, or store their pictures.

        Parameters
        ----------
        catalog
            Objects.
        files
            Directory of the files.
        out
            Folder to write.
        progress
            Called with the stage, units done and units in all.

        Returns
        -------
        CutoutInfo
            Description of the cutouts.
        """
        config = self.config
        if self.picture is None:
            return make_cutouts(
                catalog,
                files,
                out,
                config.cutouts,
                survey=config.survey.name,
                replace=True,
                progress=progress,
            )
        return make_picture_cutouts(
            catalog, files, out, self.picture, config.survey, replace=True, progress=progress
        )
