"""The command line: ``mainshock VERB``."""

from mainshock.cli.app import main

__all__ = ["main"]
