"""Which tgac this is; the package's own record says so."""

from importlib.metadata import version

VERSION = version("tgac")
