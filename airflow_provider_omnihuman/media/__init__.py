"""Pictures, sound and films: what is in a file, and what can be taken from it. PyAV is imported lazily."""
