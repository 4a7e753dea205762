"""Presenters: who speaks, kept in a file under version control."""
