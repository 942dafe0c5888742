"""The command line: one file a verb, each from arguments to one call to one printed answer."""

__version__ = "0.1.0"
