"""Stretches of a film in which nothing is to be seen: black ones, and frozen ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from airflow_provider_omnihuman.media.quality.playing import Picture

__all__ = ["EDGES_S", "BlackStretches", "FrozenStretches", "Stretch", "Stretches"]

_BLACK = 25
"""Of 255. That, and the share below, are those of FFmpeg's blackdetect."""
_BLACK_SHARE = 0.98
EDGES_S = 0.1
"""A pause begins with the picture that is held, and ends with a whole one: a pause of a second is not over a second."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a film.

    :param start_s: seconds from the first picture
    :param end_s: when the first picture is shown that is not of it
    """

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """How long it is."""
        return self.end_s - self.start_s


class Stretches:
    """Collects the stretches that are too long.

    :param longest_s: those of up to this many seconds are not kept
    """

    def __init__(self, *, longest_s: float) -> None:
        self._longest_s = longest_s
        self._start_s: float | None = None
        self.found: list[Stretch] = []

    def mark(self, at_s: float, *, is_on: bool) -> None:
        """Say of the picture shown from then on whether it belongs to a stretch."""
        if not is_on:
            self.close(at_s)
        elif self._start_s is None:
            self._start_s = at_s

    def close(self, at_s: float) -> None:
        """End the stretch that is open, if one is."""
        # A thousandth, since times in a file are rounded to its clock.
        if self._start_s is not None and at_s - self._start_s > self._longest_s + 1e-3:
            self.found.append(Stretch(self._start_s, at_s))
        self._start_s = None


class BlackStretches:
    """Watches for pictures that are black.

    :param longest_s: up to this long, the screen may be black
    """

    def __init__(self, *, longest_s: float) -> None:
        self._stretches = Stretches(longest_s=longest_s)

    @property
    def found(self) -> list[Stretch]:
        """The stretches that are too long."""
        return self._stretches.found

    def see(self, picture: Picture) -> None:
        """Look at the next picture."""
        self._stretches.mark(picture.at_s, is_on=is_black(picture.grey))

    def end(self, end_s: float) -> None:
        """The film is over."""
        self._stretches.close(end_s)


def is_black(grey: NDArray[np.uint8]) -> bool:
    """Whether next to all of a picture is black."""
    return bool((grey < _BLACK).mean() >= _BLACK_SHARE)


class FrozenStretches:
    """Watches for pictures that stand still, everywhere.

    A picture is compared, part by part, with the one that the stretch began with: what moves slowly has moved at last. Not the
    mean over the picture tells, as it does in FFmpeg's freezedetect, to which a small mouth that speaks is nothing, but its
    liveliest part. And it is the time that counts, not the pictures: one may be held for long.

    :param longest_s: up to this long, the picture may stand still
    :param least_motion: levels of grey, of 255, by which some part of it must change, or it stands still
    """

    def __init__(self, *, longest_s: float, least_motion: float) -> None:
        self._stretches = Stretches(longest_s=longest_s + EDGES_S)
        self._least_motion = least_motion
        self._first: NDArray[np.int16] | None = None

    @property
    def found(self) -> list[Stretch]:
        """The stretches that are too long."""
        return self._stretches.found

    def see(self, picture: Picture) -> None:
        """Look at the next picture."""
        import numpy as np

        if is_black(picture.grey):  # which is told as such
            self._first = None
            self._stretches.close(picture.at_s)
            return
        grey = picture.grey.astype(np.int16)
        if self._first is None or float(np.abs(grey - self._first).max()) >= self._least_motion:
            self._first = grey
            self._stretches.close(picture.at_s)
        self._stretches.mark(picture.at_s, is_on=True)

    def end(self, end_s: float) -> None:
        """The film is over."""
        self._stretches.close(end_s)
