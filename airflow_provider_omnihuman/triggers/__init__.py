"""Triggers: what waits in the triggerer. No media, no files, nothing that blocks the loop."""
