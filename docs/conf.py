"""Sphinx configuration."""

from skyclass import __version__

project = "skyclass"
author = "The skyclass developers"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
autodoc_typehints = "none"
exclude_patterns = ["_build"]
