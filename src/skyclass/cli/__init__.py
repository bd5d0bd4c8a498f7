"""The command line: one thin command a verb."""

from skyclass.cli.app import app, main

__all__ = ["app", "main"]
