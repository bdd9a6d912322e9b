"""How fast the line is. `python -m bench` runs everything in under four minutes and prints a table and JSON."""
