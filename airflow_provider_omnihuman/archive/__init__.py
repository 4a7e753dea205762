"""Archiving: where an object goes, how its bytes get there, and what is written down about it."""
