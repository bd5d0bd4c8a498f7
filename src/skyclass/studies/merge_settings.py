"""Merge layers of settings key by key, and note which keys one layer overrides in another."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from skyclass.config.experiment_file import format_value
from skyclass.config.section import Settings

__all__ = ["Layer", "Override", "merge_layers"]


@dataclass(frozen=True)
class Layer:
    """Settings from one place of a study."""

    source: str
    """Where they stand, such as ``base`` or ``models.compact.settings``."""
    values: Settings
    """Keys of the experiment file."""
    whole: bool = False
    """Whether its sections drop all keys that earlier layers have in them."""


@dataclass(frozen=True)
class Override:
    """A key to which a later layer gives another value."""

    source: str
    """Layer whose value has no effect."""
    key: str
    """Key with its section, such as ``training.epochs``."""
    value: str
    """Value without effect, as in TOML."""
    by: str
    """Layer that overrides it."""
    new: str | None
    """Value with effect, as in TOML; None if the key is dropped with its section."""

    def __str__(self) -> str:
        """Return one line."""
        what = f"{self.source}.{self.key} = {self.value}"
        if self.new is None:
            return f"{what} is dropped: {self.by} has a section {self.key.split('.')[0]} of its own"
        return f"{what} is overridden by {self.by}: {self.new}"


def merge_layers(layers: Iterable[Layer]) -> tuple[Settings, tuple[Override, ...]]:
    """Merge layers of settings; of two values of a key the later one holds.

    Parameters
    ----------
    layers
        The weakest first.

    Returns
    -------
    settings
        Nested keys and values.
    overrides
        Keys that had another value in an earlier layer.

    Examples
    --------
    >>> layers = [
    ...     Layer("base", {"training": {"epochs": 20, "imbalance": "balanced"}}),
    ...     Layer("models.compact.settings", {"training": {"epochs": 40}}),
    ... ]
    >>> settings, overrides = merge_layers(layers)
    >>> settings
    {'training': {'epochs': 40, 'imbalance': 'balanced'}}
    >>> print(*overrides)
    base.training.epochs = 20 is overridden by models.compact.settings: 40
    """
    merged: Settings = {}
    overrides: list[Override] = []
    owners: dict[str, tuple[str, object]] = {}
    for layer in layers:
        values = dict(_list_leaves(layer.values))
        sections = set(layer.values) if layer.whole else set[str]()
        for key, (source, old) in owners.items():
            is_dropped = key.split(".")[0] in sections
            if values.get(key, None if is_dropped else old) != old:
                new = None if is_dropped else format_value(values[key])
                overrides.append(Override(source, key, format_value(old), layer.source, new))
        owners = {key: each for key, each in owners.items() if key.split(".")[0] not in sections}
        kept = {key: value for key, value in merged.items() if key not in sections}
        merged = _merge(kept, layer.values)
        owners |= {key: (layer.source, value) for key, value in values.items()}
    return merged, tuple(overrides)


def _list_leaves(settings: Settings, prefix: str = "") -> Iterator[tuple[str, object]]:
    """List the innermost keys, with the tables that they are in, and their values."""
    for name, value in settings.items():
        if isinstance(value, dict) and value:
            yield from _list_leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _merge(values: Settings, others: Settings) -> Settings:
    """Put keys in place of others, also inside sections."""
    merged = dict(values)
    for key, value in others.items():
        inner = merged.get(key)
        if isinstance(inner, dict) and isinstance(value, dict):
            merged[key] = _merge(inner, value)
        else:
            merged[key] = value
    return merged
