"""How a configuration shows itself: what differs from the defaults, in words that evaluate."""

from pathlib import PosixPath

from skyclass.config.sections import CatalogConfig, Experiment, ImageConfig, SplitConfig


def test_a_configuration_shows_what_was_set() -> None:
    experiment = Experiment(
        task="object-type",
        catalog=CatalogConfig(path=PosixPath("a.csv")),
        split=SplitConfig(by="field", test=0.2),
        images=ImageConfig(type="gri"),
    )
    assert repr(experiment) == (
        "Experiment(task='object-type', catalog=CatalogConfig(path=PosixPath('a.csv')),"
        " split=SplitConfig(by='field'), images=ImageConfig(type='gri'))"
    )
    assert eval(repr(experiment)) == experiment
