"""An experiment that is ready to be trained: its settings, objects, cutouts and model."""

import os
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path

from skyclass.cache import locate_cache
from skyclass.claim import claim_directory
from skyclass.config.experiment_file import format_config, read_config
from skyclass.config.section import flatten_settings
from skyclass.config.sections import Experiment
from skyclass.errors import ExperimentError
from skyclass.files import AnyPath, atomic_path
from skyclass.models.catalog_columns import write_columns
from skyclass.models.initial_weights import locate_weights
from skyclass.models.make_spec import make_spec
from skyclass.models.measured_inputs import write_extinction
from skyclass.models.model_spec import ModelSpec
from skyclass.models.presets import apply_preset
from skyclass.pipeline.check_effect import check_effect
from skyclass.pipeline.check_experiment import check_access, check_experiment
from skyclass.pipeline.prepare import PreparedObjects, prepare_objects
from skyclass.progress import Progress, no_progress
from skyclass.tasks.registry import get_task
from skyclass.tasks.task import Task
from skyclass.workspace import (
    SETTINGS_WITHOUT_EFFECT,
    Workspace,
    fingerprint,
    hash_file,
    hash_plugins,
)

__all__ = [
    "PreparedExperiment",
    "assemble_experiment",
    "claim_experiment",
    "prepare_experiment",
    "read_experiment_file",
]


@dataclass(frozen=True)
class PreparedExperiment:
    """Everything that training, evaluation and report of an experiment need."""

    config: Experiment
    """Settings, those of a preset filled in."""
    task: Task
    """Labelling problem."""
    objects: PreparedObjects
    """Catalogue and cutouts."""
    spec: ModelSpec
    """Model to be trained."""
    workspace: Workspace
    """Directory of the experiment."""

    @property
    def seed(self) -> int:
        """Seed of the training."""
        seed = self.config.training.seed
        return self.config.seed if seed is None else seed

    @cached_property
    def model_mark(self) -> str:
        """Fingerprint of everything that the trained model depends on."""
        settings = self.config.training.model_dump() | self.config.augmentation.model_dump()
        upscaler, weights = self.config.images.upscaler, self.config.model.weights
        files = [] if upscaler is None else [hash_file(upscaler)]
        files += [] if weights is None else [hash_file(locate_weights(weights))]
        files += hash_plugins(self.config.plugins)
        pixels = self.objects.info.identity
        return fingerprint(pixels, asdict(self.spec), files, settings, self.seed)

    @cached_property
    def evaluation_mark(self) -> str:
        """Fingerprint of everything that the metrics depend on."""
        # the baseline reads the catalogue's magnitudes, which the model does not depend on
        return fingerprint(self.model_mark, self.objects.source)


def read_experiment_file(experiment: AnyPath | Experiment) -> Experiment:
    """Read an experiment file, unless the experiment was read already.

    Parameters
    ----------
    experiment
        Experiment file (TOML), or an experiment that was read or built already.

    Returns
    -------
    Experiment
        Settings; those of a preset are not filled in.

    Raises
    ------
    ConfigError
        If the file is invalid.
    """
    return experiment if isinstance(experiment, Experiment) else read_config(experiment)


def claim_experiment(workspace: Workspace, config: Experiment) -> None:
    """Claim a directory for an experiment and write the experiment file.

    Parameters
    ----------
    workspace
        Directory: new, empty, or begun with the same experiment.
    config
        Experiment.

    Raises
    ------
    ExperimentError
        If the directory holds something else.
    """
    claim_directory(
        workspace.experiment_file,
        format_config(config),
        kind="experiment",
        compare=partial(_compare_experiment, config),
        error=ExperimentError,
    )


def prepare_experiment(
    experiment: AnyPath | Experiment,
    out: AnyPath,
    *,
    objects: PreparedObjects | None = None,
    progress: Progress = no_progress,
) -> PreparedExperiment:
    """Check an experiment, claim its directory, and make its catalogue and cutouts.

    Parameters
    ----------
    experiment
        Experiment file (TOML), or an experiment that was read or built already.
    out
        Directory of the experiment: new, empty, or begun with the same experiment.
    objects
        Objects shared with other experiments, which `out` then links to; by default the
        experiment prepares its own.
    progress
        Called with the stage, steps done and steps in all (`skyclass.progress.Progress`).

    Returns
    -------
    PreparedExperiment
        Ready to be trained.

    Raises
    ------
    SkyclassError
        If the experiment is invalid, or the catalogue, the frames or the directory cannot be used.
    """
    config, workspace = apply_preset(read_experiment_file(experiment)), Workspace(Path(out))
    check_experiment(config)
    if objects is None and not workspace.experiment_file.exists():
        # not for a study, whose base has settings that only some of its cells use
        check_effect(config)
        # nor to resume offline
        check_access(config)
    claim_experiment(workspace, config)
    if objects is None:
        cache = locate_cache(workspace.root)
        objects = prepare_objects({"": config}, workspace.data, cache, progress)[""]
    else:
        _link_objects(objects, workspace)
    return assemble_experiment(config, objects, workspace)


def assemble_experiment(
    config: Experiment, objects: PreparedObjects, workspace: Workspace
) -> PreparedExperiment:
    """Combine settings and objects; write the columns of the catalogue that the model uses.

    Parameters
    ----------
    config
        Checked experiment.
    objects
        Its catalogue and cutouts.
    workspace
        Directory that holds the cutouts, or a link to them.

    Returns
    -------
    PreparedExperiment
        Ready to be trained.

    Raises
    ------
    ModelError
        If the catalogue lacks a column.
    """
    task = get_task(config.task)
    if config.model.columns:
        write_columns(config.model.columns, objects.catalog.table, workspace.cutouts)
    write_extinction(objects.catalog.table, workspace.cutouts)
    spec = make_spec(config, task, objects.info, workspace.cutouts)
    return PreparedExperiment(config, task, objects, spec, workspace)


def _link_objects(objects: PreparedObjects, workspace: Workspace) -> None:
    """Link shared data into the directory of an experiment, where others look for them."""
    for link, target in (
        (workspace.catalog, objects.table),
        (workspace.cutouts, objects.cutouts),
    ):
        relative = os.path.relpath(target.resolve(), workspace.root.resolve())
        if not (link.is_symlink() and str(link.readlink()) == relative):
            with atomic_path(link, folder=target.is_dir()) as partial_path:
                partial_path.symlink_to(relative, target_is_directory=target.is_dir())


def _compare_experiment(config: Experiment, file: Path) -> str:
    """Name the settings in which an experiment differs from that of a file."""
    one, other = (
        flatten_settings(each.model_dump(mode="json", exclude=SETTINGS_WITHOUT_EFFECT))
        for each in (config, read_config(file))
    )
    keys = [key for key in one if one[key] != other[key]]
    return f"differs in {', '.join(keys)}" if keys else ""
