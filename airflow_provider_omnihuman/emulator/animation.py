"""Moves a subject: a head that swings a little, and a mouth that opens with the voice."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from airflow_provider_omnihuman.emulator.mouth import draw_mouth, mouth_window
from airflow_provider_omnihuman.emulator.planes import Field, Plane, Planes, Window

if TYPE_CHECKING:
    from airflow_provider_omnihuman.emulator.face import Face

_SWING = 0.011  # of the head's height
_LEVELS = 12
_CELL = 64  # pixels; the picture is bent in cells of this size


class Actor:
    """One subject that moves.

    :param face: where its head and mouth are, in pixels of the rendered picture.
    :param still: that picture.
    """

    def __init__(self, face: Face, still: Planes) -> None:
        height, width = still.luma.shape
        self._face = face
        self._still = still
        self._size = (width, height)
        self._mouth = mouth_window(face, self._size)
        self._drawn: dict[int, tuple[Field, Field, Field]] = {}

    def swing(self, planes: Planes, position: float) -> None:
        """Bend the picture to where the head is, -1 (left) to 1 (right)."""
        shift_x, shift_y = self._shift(position)
        for plane, step in planes.each():
            margin = -(-self._margin // step)
            cells = [(box, _quad(box, corners, shift_x / step, shift_y / step, margin)) for box, corners in self._mesh[step]]
            part = self._window.cut(plane, step)
            part[...] = _bend(part, cells, margin)

    def speak(self, planes: Planes, position: float, opening: float) -> None:
        """Draw the mouth into a picture whose head is at this position."""
        level = round(opening * _LEVELS)
        if level == 0:
            return
        if level not in self._drawn:
            self._drawn[level] = draw_mouth(self._still, self._face, self._mouth, level / _LEVELS)
        shift_x, shift_y = self._shift(position)
        for (plane, step), drawn in zip(planes.each(), self._drawn[level], strict=True):
            # Around the mouth the head moves as a whole, hence a plain shift; the rim keeps what is there.
            moved = _shift(drawn, shift_x / step, shift_y / step)
            margin = -(-self._margin // step)
            inner = (slice(margin, moved.shape[0] - margin), slice(margin, moved.shape[1] - margin))
            self._mouth.cut(plane, step)[inner] = moved[inner]

    @property
    def _margin(self) -> int:
        return int(_SWING * self._face.head_height) + 2

    @cached_property
    def _window(self) -> Window:
        face = self._face
        return Window.around(
            face.head_left - 0.35 * face.head_width,
            face.head_top - 0.25 * face.head_height,
            face.head_left + 1.35 * face.head_width,
            face.head_top + 1.45 * face.head_height,
            self._size,
        )

    @cached_property
    def _mesh(self) -> dict[int, list[tuple[tuple[int, int, int, int], list[float]]]]:
        """Return for each step the cells of the window, and how much each of their corners moves."""
        return {step: self._cells(step) for step in (1, 2)}

    def _cells(self, step: int) -> list[tuple[tuple[int, int, int, int], list[float]]]:
        height, width = self._window.cut(self._still.luma if step == 1 else self._still.blue, step).shape
        cells = []
        for y0 in range(0, height, _CELL // step):
            for x0 in range(0, width, _CELL // step):
                x1, y1 = min(width, x0 + _CELL // step), min(height, y0 + _CELL // step)
                corners = [self._weight(x * step, y * step) for x, y in ((x0, y0), (x0, y1), (x1, y1), (x1, y0))]
                cells.append(((x0, y0, x1, y1), corners))
        return cells

    def _weight(self, x: int, y: int) -> float:
        """Return how much a point of the window takes part: the head wholly, what is far from it not at all."""
        face = self._face
        across = (self._window.x0 + x - face.head_left) / face.head_width - 0.5
        down = (self._window.y0 + y - face.head_top) / face.head_height
        return _fade(abs(across), 0.52, 0.82) * _fade(-down, 0.02, 0.24) * _fade(down, 1.1, 1.42)

    def _shift(self, position: float) -> tuple[float, float]:
        """Return the head's way in pixels: an arc, like a pendulum's."""
        reach = _SWING * self._face.head_height
        return reach * position, 0.5 * reach * (0.5 - position * position)


def _fade(value: float, start: float, end: float) -> float:
    t = min(1.0, max(0.0, (end - value) / (end - start)))
    return t * t * (3 - 2 * t)


def _quad(box: tuple[int, int, int, int], weights: list[float], shift_x: float, shift_y: float, margin: int) -> tuple[float, ...]:
    x0, y0, x1, y1 = box
    corners = ((x0, y0), (x0, y1), (x1, y1), (x1, y0))
    return tuple(
        coordinate
        for (x, y), weight in zip(corners, weights, strict=True)
        for coordinate in (x + margin - shift_x * weight, y + margin - shift_y * weight)
    )


def _bend(part: Plane, cells: list[tuple[tuple[int, int, int, int], tuple[float, ...]]], margin: int) -> Plane:
    # A head close to the picture's edge moves pixels in from beyond it: they repeat the edge, and are not black.
    image = Image.fromarray(np.pad(part, margin, mode="edge"))
    height, width = part.shape
    return np.asarray(image.transform((width, height), Image.Transform.MESH, cells, Image.Resampling.BILINEAR))


def _shift(field: Field, shift_x: float, shift_y: float) -> Plane:
    """Move a field by less than its margin (bilinear)."""
    whole_x, whole_y = int(np.floor(shift_x)), int(np.floor(shift_y))
    right, low = shift_x - whole_x, shift_y - whole_y
    moved = np.roll(field, (whole_y, whole_x), axis=(0, 1))
    moved = moved * (1 - right) + np.roll(moved, 1, axis=1) * right
    moved = moved * (1 - low) + np.roll(moved, 1, axis=0) * low
    return np.asarray(np.clip(moved, 0, 255).astype(np.uint8))
