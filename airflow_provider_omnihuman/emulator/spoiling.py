"""Words in a prompt that spoil the film: it is delivered as if nothing were wrong, for Dags that look at what they get."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from airflow_provider_omnihuman.emulator.sound import Sound

if TYPE_CHECKING:
    from airflow_provider_omnihuman.emulator.planes import Planes

_FROM_S, _FOR_S = 0.4, 1.6
_BLACK = (16, 128, 128)
_WHITE = (235, 128, 128)


class Spoil(StrEnum):
    """What is wrong with the film: ``emulate-black`` in the prompt, and so on."""

    BLACK = "black"
    """1.6 s of it are black."""
    FROZEN = "frozen"
    """For 1.6 s, the picture stands still."""
    REPLACED = "replaced"
    """For 1.6 s, a white card is shown: what moderation puts in place of a picture is not documented."""
    SILENT = "silent"
    """It has a soundtrack, of silence."""
    UNLABELLED = "unlabelled"
    """The reply says that the AIGC label was written, and it is not in the file."""

    @classmethod
    def of(cls, prompt: str) -> Spoil | None:
        """Return what a prompt asks for, if it does."""
        asked = re.search(rf"emulate-({'|'.join(cls)})\b", prompt)
        return cls(asked[1]) if asked else None


class Spoiler:
    """Spoils the pictures of one film, and its sound.

    :param fps: pictures a second.
    """

    def __init__(self, spoil: Spoil | None, *, fps: int) -> None:
        self._spoil = spoil
        self._first, self._end = round(_FROM_S * fps), round((_FROM_S + _FOR_S) * fps)
        self._held: Planes | None = None

    def draw_over(self, planes: Planes, index: int) -> None:
        """Spoil the picture of this number."""
        if not self._first <= index < self._end:
            return
        if self._spoil is Spoil.FROZEN:
            self._held = self._held or planes.copy()
            planes.paint_over(self._held)
        elif self._spoil in (Spoil.BLACK, Spoil.REPLACED):
            for (plane, _), value in zip(planes.each(), _BLACK if self._spoil is Spoil.BLACK else _WHITE, strict=True):
                plane[...] = value

    def muffled(self, sound: Sound) -> Sound:
        """Return what is heard."""
        return Sound(np.zeros_like(sound.samples)) if self._spoil is Spoil.SILENT else sound
