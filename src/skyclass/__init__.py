"""Classify astronomical objects from survey images: spectral classes and object types.

These names are the public interface. Each is imported when it is first used, so that
``import skyclass`` loads neither PyTorch nor astropy; all other modules are what the parts of the
package need of each other, and may change.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from skyclass._version import __version__

if TYPE_CHECKING:
    from skyclass.catalog.build_catalog import build_catalog
    from skyclass.config.experiment_file import read_config
    from skyclass.config.sections import Experiment
    from skyclass.evaluation.compare import compare
    from skyclass.evaluation.scores import score
    from skyclass.images.make_cutouts import make_cutouts
    from skyclass.images.registry import register_image_type
    from skyclass.images.renderer import render
    from skyclass.images.show import show
    from skyclass.images.stored_cutouts import open_cutouts
    from skyclass.inference.classify import classify
    from skyclass.mock_archive.server import serve_archive
    from skyclass.models.registry import register_network
    from skyclass.models.saved_model import load_model
    from skyclass.pipeline.evaluate_labels import evaluate
    from skyclass.pipeline.experiment import run_experiment, train
    from skyclass.simulation.simulate import simulate
    from skyclass.studies.run_study import run_study
    from skyclass.studies.study_report import report
    from skyclass.surveys.download import download
    from skyclass.surveys.match_bands import match_bands
    from skyclass.surveys.registry import register_survey
    from skyclass.tasks.registry import register_task

__all__ = [
    "Experiment",
    "__version__",
    "build_catalog",
    "classify",
    "compare",
    "download",
    "evaluate",
    "load_model",
    "make_cutouts",
    "match_bands",
    "open_cutouts",
    "read_config",
    "register_image_type",
    "register_network",
    "register_survey",
    "register_task",
    "render",
    "report",
    "run_experiment",
    "run_study",
    "score",
    "serve_archive",
    "show",
    "simulate",
    "train",
]

_MODULES: Final = {
    "Experiment": "config.sections",
    "build_catalog": "catalog.build_catalog",
    "classify": "inference.classify",
    "compare": "evaluation.compare",
    "download": "surveys.download",
    "evaluate": "pipeline.evaluate_labels",
    "load_model": "models.saved_model",
    "make_cutouts": "images.make_cutouts",
    "match_bands": "surveys.match_bands",
    "open_cutouts": "images.stored_cutouts",
    "read_config": "config.experiment_file",
    "register_image_type": "images.registry",
    "register_network": "models.registry",
    "register_survey": "surveys.registry",
    "register_task": "tasks.registry",
    "render": "images.renderer",
    "report": "studies.study_report",
    "run_experiment": "pipeline.experiment",
    "run_study": "studies.run_study",
    "score": "evaluation.scores",
    "serve_archive": "mock_archive.server",
    "show": "images.show",
    "simulate": "simulation.simulate",
    "train": "pipeline.experiment",
}


_WITH_TORCH: Final = {"evaluate", "load_model", "run_experiment", "run_study", "train"}
"""Names whose modules also need other extras, which PyTorch's includes."""


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _WITH_TORCH:
        import_module(f"{__name__}.extras").check_installed("torch", purpose=f"skyclass.{name}")
    with import_module(f"{__name__}.extras").explain_missing():
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return list(__all__)
