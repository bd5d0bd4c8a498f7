"""Sphinx configuration."""

from skyclass import __version__

project = "skyclass"
author = "The skyclass developers"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
default_role = "py:obj"
autodoc_preserve_defaults = True
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
maximum_signature_line_length = 80
exclude_patterns = ["_build"]
