"""Set up the templates of pages, so that all have one style and none shows unescaped text."""

import json
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from skyclass.evaluation.report.number_format import FILTERS

__all__ = ["make_environment", "to_json"]


def make_environment(*packages: str) -> Environment:
    """Set up the templates; whatever is not marked safe is escaped.

    Parameters
    ----------
    packages
        Packages whose `templates` are searched before those of `skyclass.evaluation`.

    Returns
    -------
    jinja2.Environment
        With filters that format numbers, and `json`.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in (*packages, "skyclass.evaluation")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    environment.filters["json"] = to_json
    environment.globals["zip"] = zip
    return environment


def to_json(values: Any) -> str:
    """Serialise values as JSON that may stand inside a script element.

    Parameters
    ----------
    values
        What to serialise.

    Returns
    -------
    str
        JSON without any character that is special in HTML.
    """
    text = json.dumps(values, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
