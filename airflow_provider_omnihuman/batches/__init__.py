"""Batches: rows become videos, and a report tells what became of them."""
