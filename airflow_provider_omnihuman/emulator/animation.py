"""Moves a subject: a head that sways a little, and a mouth that opens with the voice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from airflow_provider_omnihuman.emulator.face import Face

    Plane = NDArray[np.uint8]
    Field = NDArray[np.float32]

_SWAY = 0.012  # of the head's height
_JAW = 0.17  # of the head's height, at a wide open mouth
_SILENT = 0.02
# Luma, and the two chroma planes, of the inside of a mouth and of teeth (BT.601).
_INSIDE = (38.0, 122.0, 150.0)
_TEETH = (205.0, 124.0, 132.0)


@dataclass(frozen=True, slots=True)
class Planes:
    """A picture as the encoder takes it: one full luma plane, two chroma planes of half the size."""

    luma: Plane
    blue: Plane
    red: Plane

    def copy(self) -> Planes:
        """Return planes that can be drawn on."""
        return Planes(self.luma.copy(), self.blue.copy(), self.red.copy())

    def each(self) -> tuple[tuple[Plane, int], ...]:
        """Return each plane with how many pixels of the picture one of its pixels spans."""
        return ((self.luma, 1), (self.blue, 2), (self.red, 2))


@dataclass(frozen=True, slots=True)
class _Window:
    """A rectangle of the picture, on even coordinates."""

    x0: int
    y0: int
    x1: int
    y1: int

    def grid(self, step: int) -> tuple[Field, Field]:
        """Return the coordinates of the pixels of a plane, in pixels of the picture."""
        y, x = np.mgrid[self.y0 // step : self.y1 // step, self.x0 // step : self.x1 // step]
        return x.astype(np.float32) * step, y.astype(np.float32) * step

    def cut(self, plane: Plane, step: int) -> Plane:
        """Return this part of a plane; drawing on it draws on the plane."""
        return plane[self.y0 // step : self.y1 // step, self.x0 // step : self.x1 // step]


class Actor:
    """One subject that moves.

    :param face: where its head and mouth are, in pixels of the rendered picture.
    :param size: width and height of that picture.
    :param phase: where in its sway it begins, 0 to 1.
    """

    def __init__(self, face: Face, size: tuple[int, int], phase: float) -> None:
        self._face = face
        self._size = size
        self._phase = phase
        reach_x, reach_y = 0.85 * face.head_width, 0.8 * face.head_height
        self._centre_x = face.head_left + face.head_width / 2
        self._centre_y = face.head_top + 0.45 * face.head_height
        self._reach = (reach_x, reach_y)
        self._window = self._clip(
            self._centre_x - reach_x, self._centre_y - reach_y, self._centre_x + reach_x, self._centre_y + reach_y
        )

    def sway(self, planes: Planes, source: Planes, turn: float) -> None:
        """Draw the head at one moment of its sway, 0 to 1 of a full turn."""
        shift_x, shift_y = self._shift(turn)
        for (target, step), (plane, _) in zip(planes.each(), source.each(), strict=True):
            x, y = self._window.grid(step)
            weight = self._weight(x, y)
            moved = _sample(plane, (x - shift_x * weight) / step, (y - shift_y * weight) / step)
            self._window.cut(target, step)[...] = moved

    def speak(self, planes: Planes, source: Planes, turn: float, opening: float) -> None:
        """Draw the mouth; ``source`` is the picture at the same moment of the sway, mouth closed."""
        if opening < _SILENT:
            return
        shift_x, shift_y = self._shift(turn)
        mouth_x, mouth_y = self._face.mouth_x + shift_x, self._face.mouth_y + shift_y
        half, jaw = self._face.mouth_width * (0.62 - 0.12 * opening), _JAW * self._face.head_height
        window = self._clip(mouth_x - 2.2 * half, mouth_y - 0.8 * jaw, mouth_x + 2.2 * half, mouth_y + 2.4 * jaw)
        for index, ((target, step), (plane, _)) in enumerate(zip(planes.each(), source.each(), strict=True)):
            x, y = window.grid(step)
            across, down = (x - mouth_x) / half, y - mouth_y
            gap = jaw * opening * np.sqrt(np.clip(1 - across**2, 0, 1)) * 0.8
            pull = 0.75 * jaw * opening * np.exp(-((across / 1.25) ** 2))
            moved = _sample(plane, x / step, (y - _stretch(down, pull, gap, jaw)) / step)
            drawn = _draw_inside(moved, index, down, gap, step)
            window.cut(target, step)[...] = np.clip(drawn, 0, 255).astype(np.uint8)

    def _shift(self, turn: float) -> tuple[float, float]:
        angle = 2 * np.pi * (turn + self._phase)
        reach = _SWAY * self._face.head_height
        return float(reach * np.sin(angle)), float(0.5 * reach * np.sin(2 * angle))

    def _weight(self, x: Field, y: Field) -> Field:
        across = (x - self._centre_x) / self._reach[0]
        down = (y - self._centre_y) / self._reach[1]
        inside = np.clip(1.35 * (1 - (across**2 + down**2)), 0, 1)
        return np.asarray(inside * inside * (3 - 2 * inside), dtype=np.float32)

    def _clip(self, x0: float, y0: float, x1: float, y1: float) -> _Window:
        width, height = self._size
        left, top = max(0, int(x0)) & ~1, max(0, int(y0)) & ~1
        return _Window(left, top, min(width, int(x1) + 2) & ~1, min(height, int(y1) + 2) & ~1)


def _stretch(down: Field, pull: Field, gap: Field, jaw: float) -> Field:
    """Return how far each pixel was moved: the jaw down, fading towards the chin; the upper lip a little up."""
    below = np.clip(1 - np.clip(down, 0, None) / (2.3 * jaw), 0, 1) ** 1.5 * pull
    above = -0.25 * gap * np.clip(1 + down / (0.8 * jaw), 0, 1)
    return np.asarray(np.where(down > 0, np.minimum(below, down), above), dtype=np.float32)


def _draw_inside(moved: Field, index: int, down: Field, gap: Field, step: int) -> Field:
    upper, lower = -0.25 * gap, 0.75 * gap
    inside = np.clip((down - upper) / step, 0, 1) * np.clip((lower - down) / step, 0, 1)
    teeth = np.clip((upper + 0.3 * gap - down) / step, 0, 1) * np.clip((gap - 6) / 6, 0, 0.85)
    colour = _INSIDE[index] * (1 - teeth) + _TEETH[index] * teeth
    return np.asarray(moved * (1 - inside) + colour * inside, dtype=np.float32)


def _sample(plane: Plane, x: Field, y: Field) -> Field:
    """Return a plane's values between its pixels (bilinear)."""
    height, width = plane.shape
    x = np.clip(x, 0, width - 1.001)
    y = np.clip(y, 0, height - 1.001)
    column, row = x.astype(np.int32), y.astype(np.int32)
    right, low = x - column, y - row
    at = row * width + column
    flat = plane.ravel()
    upper = flat.take(at) * (1 - right) + flat.take(at + 1) * right
    lower = flat.take(at + width) * (1 - right) + flat.take(at + width + 1) * right
    return np.asarray(upper * (1 - low) + lower * low, dtype=np.float32)
