"""What keeps an emulator from starting."""

from __future__ import annotations


class StartError(Exception):
    """The emulator cannot start; the message says why, in one line."""
