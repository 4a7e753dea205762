"""A picture as the encoder takes it: a full plane of luma, two planes of chroma at half the size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

Plane = NDArray[np.uint8]
Field = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Planes:
    """Three planes; each comes with how many pixels of the picture one of its pixels spans."""

    luma: Plane
    blue: Plane
    red: Plane

    def copy(self) -> Planes:
        """Return planes that can be drawn on."""
        return Planes(self.luma.copy(), self.blue.copy(), self.red.copy())

    def each(self) -> tuple[tuple[Plane, int], ...]:
        """Return the planes with their steps."""
        return ((self.luma, 1), (self.blue, 2), (self.red, 2))

    def paint_over(self, source: Planes) -> None:
        """Become a copy of another picture of this size."""
        for (target, _), (plane, _) in zip(self.each(), source.each(), strict=True):
            np.copyto(target, plane)


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of the picture, on even coordinates."""

    x0: int
    y0: int
    x1: int
    y1: int

    @classmethod
    def around(cls, x0: float, y0: float, x1: float, y1: float, size: tuple[int, int]) -> Window:
        """Return the smallest window that holds these points, inside a picture of this size."""
        left, top = max(0, int(x0)) & ~1, max(0, int(y0)) & ~1
        return cls(left, top, min(size[0], int(x1) + 2) & ~1, min(size[1], int(y1) + 2) & ~1)

    def grid(self, step: int) -> tuple[Field, Field]:
        """Return the coordinates of a plane's pixels, in pixels of the picture."""
        y, x = np.mgrid[self.y0 // step : self.y1 // step, self.x0 // step : self.x1 // step]
        return x.astype(np.float32) * step, y.astype(np.float32) * step

    def cut(self, plane: Plane, step: int) -> Plane:
        """Return this part of a plane; drawing on it draws on the plane."""
        return plane[self.y0 // step : self.y1 // step, self.x0 // step : self.x1 // step]


class Canvas:
    """The frame that is drawn on and encoded, again and again: a fresh one each time costs more than the drawing."""

    def __init__(self, width: int, height: int) -> None:
        self.frame = av.VideoFrame(width, height, "yuv420p")
        views = [
            np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
            for plane in self.frame.planes
        ]
        self.planes = Planes(*views)


def read_planes(image: Image.Image) -> Planes:
    """Convert a picture with even sides."""
    frame: Any = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24").reformat(format="yuv420p")
    width, height = image.size
    flat = frame.to_ndarray().ravel()
    luma, blue, red = np.split(flat, [width * height, width * height * 5 // 4])
    half = (height // 2, width // 2)
    return Planes(luma.reshape(height, width), blue.reshape(half), red.reshape(half))
