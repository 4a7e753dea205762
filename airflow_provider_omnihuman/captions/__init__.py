"""Captions: what is said, and when, as files that players read."""
