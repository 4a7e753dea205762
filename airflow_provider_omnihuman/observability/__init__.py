"""Metrics and lineage: what others may see of a render; nothing here can make one fail."""
