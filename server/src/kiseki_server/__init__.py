"""The Kiseki server."""

from importlib.metadata import version

__version__ = version("kiseki-server")
