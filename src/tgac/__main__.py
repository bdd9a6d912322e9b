"""`python -m tgac` is `tgac`."""

from tgac.cli import main

main()
