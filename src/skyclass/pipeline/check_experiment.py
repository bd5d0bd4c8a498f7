"""Check an experiment before any work: what its file and the installed packages tell."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

from skyclass.catalog.sample import DATA_SETS
from skyclass.config.sections import Experiment
from skyclass.config.training_sections import TrainingConfig
from skyclass.errors import CatalogError, ModelError, SurveyError, TaskError, nearest
from skyclass.extras import EXTRAS, check_installed
from skyclass.images.augment import check_augmentation
from skyclass.images.picture_cutouts import make_picture_request
from skyclass.images.registry import get_image_type
from skyclass.images.renderer import check_images
from skyclass.models.check_network import check_network, fetch_weights
from skyclass.models.measurement_network import MEASUREMENT
from skyclass.plugins import import_plugins
from skyclass.surveys.footprint import Footprint
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey
from skyclass.tasks.registry import get_task
from skyclass.tasks.regroup import regroup
from skyclass.tasks.task import Task
from skyclass.training.train_classifier import check_training

__all__ = ["check_access", "check_experiment"]

_NEEDED: Final = (*EXTRAS["train"], *EXTRAS["report"])
"""Modules that an experiment needs, from the training to the report."""

_BY_FIELD: Final = ("densest-fields", "random-fields")
"""Samples of whole fields."""


def check_experiment(config: Experiment, *, sources: bool = True) -> None:
    """Check before any work that an experiment can be run.

    Parameters
    ----------
    config
        Experiment, with its preset filled in.
    sources
        Whether the table and the frames must exist already.

    Raises
    ------
    SkyclassError
        If a plugin, the task, the survey, the image type, the network, its weights, the table or
        the frames do not exist or do not fit each other, a package is not installed, nothing is
        measured that the network is to be told, or the objects can never be sampled, split or
        trained on.
    """
    check_installed(*_NEEDED, purpose="an experiment")
    import_plugins(config.plugins)
    task = get_task(config.task, template_luminosity=config.labels.template_luminosity)
    task = regroup(task, config.labels.merge, config.labels.drop)
    survey = get_survey(config.survey.name)
    _check_objects(config, task, survey)
    check_images(config.images, config.cutouts.count_pixels(survey.pixel_scale), survey.name)
    _check_pixels(config, survey)
    bands = get_image_type(config.images.type, survey.name).bands
    check_augmentation(config.augmentation, bands, survey.name)
    check_network(config)
    _check_measured(config, survey)
    check_training(config.training, config.augmentation)
    if sources:
        _check_sources(config)


def check_access(config: Experiment) -> None:
    """Check that what an experiment gets from elsewhere can be had; download its weights.

    Parameters
    ----------
    config
        Experiment that `check_experiment` accepts.

    Raises
    ------
    CatalogError
        If the task has no query for its objects.
    SurveyError
        If the directory of a mirror does not exist.
    RemoteError
        If a service asks for an account that is not set up.
    ModelError
        If pretrained weights are neither cached nor available.
    """
    survey = get_survey(config.survey.name)
    if config.catalog.path is None and survey.check_query is not None:
        survey.check_query(config.catalog, config.task)
    address = config.survey.base_url or ""
    if address.startswith("file:"):
        folder = Path(url2pathname(urlsplit(address).path))
        if not folder.is_dir():
            raise SurveyError(f"survey.base_url = {address}: there is no directory {folder}")
    fetch_weights(config)


def _check_objects(config: Experiment, task: Task, survey: Survey) -> None:
    """Check that the objects can be fetched, sampled and split."""
    if len(task.classes) < 2:
        raise TaskError(f"task {task.name} has one class, {task.classes[0]}; nothing to learn")
    if config.catalog.path is None and survey.fetch_catalog is None:
        raise CatalogError(
            f"survey {survey.name} has no catalogue service; name a file of objects (catalog.path)"
        )
    keys, sample = config.clean.frame_keys, config.sample
    if (keys == "objid" and survey.decode_ids is None) or (
        keys == "skyserver" and survey.look_up_key is None
    ):
        raise CatalogError(
            f"survey {survey.name} cannot take its key columns from {keys}; set clean.frame_keys ="
            ' "auto"'
        )
    rules = DATA_SETS[sample.data_set] if sample.data_set else sample
    if not survey.key and (rules.method in _BY_FIELD or config.split.by == "field"):
        where = "split.by" if config.split.by == "field" else "sample.method"
        raise CatalogError(f"survey {survey.name} has no fields, which {where} needs")
    for label in rules.counts:
        if label not in task.classes:
            raise CatalogError(
                f"sample.counts names class {label!r}; did you mean"
                f" {nearest(label, task.classes)!r}? (the task has {', '.join(task.classes)})"
            )
    _check_total(rules.total, config.training)


def _check_total(total: int | None, training: TrainingConfig) -> None:
    """Check that a sample has as many objects as a step of the training takes."""
    step = training.batch_size * training.accumulate
    if total is not None and total < step and training.imbalance != "oversample":
        raise CatalogError(
            f"sample.total = {total} objects do not fill the {step} of a training step; raise it,"
            " or lower training.batch_size"
        )


def _check_pixels(config: Experiment, survey: Survey) -> None:
    """Check that there is a source of pixels, and what cutting them needs."""
    source = get_image_type(config.images.type, survey.name).source
    if source is not None:
        make_picture_request(source)
        return
    local = config.survey.frames is not None and config.survey.base_url is None
    if survey.frames is None and not local:
        raise SurveyError(
            f"survey {survey.name} has no archive to download from; name the directory of its"
            " frames (survey.frames)"
        )
    if config.cutouts.grid == "common":
        check_installed("reproject", purpose='cutouts.grid = "common"')


def _check_measured(config: Experiment, survey: Survey) -> None:
    """Check that there is a measurement where the network is to be told of one."""
    alone = config.model.name == MEASUREMENT
    if alone and config.model.measured is False:
        raise ModelError(
            f'model.name = "{MEASUREMENT}" looks at nothing but the measurement; remove'
            " model.measured = false"
        )
    if not (alone or config.model.measured):
        return
    asked = f'model.name = "{MEASUREMENT}"' if alone else "model.measured = true"
    if get_image_type(config.images.type, survey.name).source is not None:
        raise ModelError(
            f"{asked} needs frames: nothing is measured on the pictures of images.type ="
            f' "{config.images.type}"'
        )
    if config.cutouts.measure == "off":
        raise ModelError(f'{asked} needs cutouts.measure = "field" or "cutout", not "off"')


def _check_sources(config: Experiment) -> None:
    """Check that the table and the directory of frames exist, and a footprint can be read."""
    path, frames, address = config.catalog.path, config.survey.frames, config.survey.base_url
    if path is not None and not path.is_file():
        raise CatalogError(f"{path} does not exist")
    if frames is not None and address is None and not frames.is_dir():
        raise SurveyError(f"the directory of frames {frames} does not exist")
    if config.survey.footprint is not None:
        Footprint.from_moc(config.survey.footprint)
