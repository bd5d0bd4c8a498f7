"""The experiment file: one TOML file says everything that makes a result."""

from skyclass.config.file import (
    cutout_config,
    explain,
    make_config,
    objects_config,
    read_config,
    write_config,
)
from skyclass.config.learning import AugmentationConfig, ModelConfig, TrainingConfig
from skyclass.config.search import Range, SearchConfig, read_search, with_values
from skyclass.config.sections import (
    ARCSEC_PER_PIXEL,
    CatalogConfig,
    CleanConfig,
    CutoutConfig,
    ExperimentConfig,
    ImageConfig,
    LabelConfig,
    ObjectsConfig,
    SampleConfig,
    SplitConfig,
    SurveyConfig,
)

__all__ = [
    "ARCSEC_PER_PIXEL",
    "AugmentationConfig",
    "CatalogConfig",
    "CleanConfig",
    "CutoutConfig",
    "ExperimentConfig",
    "ImageConfig",
    "LabelConfig",
    "ModelConfig",
    "ObjectsConfig",
    "Range",
    "SampleConfig",
    "SearchConfig",
    "SplitConfig",
    "SurveyConfig",
    "TrainingConfig",
    "cutout_config",
    "explain",
    "make_config",
    "objects_config",
    "read_config",
    "read_search",
    "with_values",
    "write_config",
]
