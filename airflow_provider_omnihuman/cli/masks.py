"""A mask in a person's words: how much of the picture its subject takes, and where it is."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_omnihuman.media.container import IMAGE_FORMATS, first_stream, opened

__all__ = ["Place", "place_of"]

_GRID = 60
"""A mask is looked at as a picture of so many points a side."""
_WHITE = 128
_THIRDS = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Where a subject is.

    :param share: of the picture, 0 to 1
    :param where: in the picture, such as ``left``
    """

    share: float
    where: str


def place_of(mask: bytes) -> Place:
    """Return where the white of a mask is.

    :param mask: an image
    :raises MediaError: it is none
    """
    with opened(mask, IMAGE_FORMATS, "a picture") as container:
        frame = next(container.decode(first_stream(container, "video", mask)))
        plane = frame.reformat(_GRID, _GRID, format="gray").planes[0]
        rows = bytes(plane)
        stride = plane.line_size
    points = [(x, y) for y in range(_GRID) for x in range(_GRID) if rows[y * stride + x] >= _WHITE]
    if not points:
        return Place(0.0, "nowhere")
    across = sum(x for x, _ in points) / len(points) / _GRID
    down = sum(y for _, y in points) / len(points) / _GRID
    sides = ("left", "centre", "right")[min(int(across * _THIRDS), 2)], ("top", "", "bottom")[min(int(down * _THIRDS), 2)]
    return Place(len(points) / _GRID**2, " ".join(side for side in reversed(sides) if side))
