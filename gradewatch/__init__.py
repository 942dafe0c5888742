"""The command line: one file a verb, each from arguments to one call to one printed answer."""

from exporter import __version__

__all__ = ["__version__"]
