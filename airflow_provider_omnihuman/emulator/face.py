"""Guesses where head and mouth of a subject are, from its mask and the colours of its face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from airflow_provider_omnihuman.emulator.subjects import connected_parts

if TYPE_CHECKING:
    from numpy.typing import NDArray


# In widths of the head.
_NARROWEST, _WIDEST = 0.12, 0.48
_LEAST_PINKER = 0.04


@dataclass(frozen=True, slots=True)
class Face:
    """Where a subject's head and mouth are, in pixels."""

    head_left: float
    head_top: float
    head_width: float
    head_height: float
    mouth_x: float
    mouth_y: float
    mouth_width: float


def find_face(rgb: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Face:
    """Return the face of the masked subject."""
    left, top, width, height = _find_head(mask)
    mouth_x, mouth_y, mouth_width = _find_mouth(rgb, left, top, width, height)
    return Face(left, top, width, height, mouth_x, mouth_y, mouth_width)


def _find_head(mask: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """Return left, top, width and height of what lies above the neck: the narrow place under a wide one."""
    rows = np.nonzero(mask.any(axis=1))[0]
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    widths = np.convolve(np.pad(mask[top:bottom].sum(axis=1), 2, mode="edge"), np.ones(5) / 5, mode="valid")
    neck = _find_neck(widths)
    columns = np.nonzero(mask[top : top + neck].any(axis=0))[0]
    left, width = float(columns[0]), float(columns[-1] - columns[0] + 1)
    return left, float(top), width, float(neck)


def _find_neck(widths: NDArray[np.float64]) -> int:
    height = widths.size
    first, last = int(height * 0.2), max(int(height * 0.75), int(height * 0.2) + 1)
    neck = first + int(np.argmin(widths[first:last]))
    above, below = widths[:neck], widths[neck:]
    if above.size and below.size and widths[neck] < 0.85 * above.max() and widths[neck] < 0.85 * below.max():
        return max(neck, 4)
    # No neck to be seen (an animal, a close-up): a head is somewhat higher than wide.
    return max(4, min(height, int(1.25 * float(np.median(widths[: max(1, height // 2)])))))


def _find_mouth(rgb: NDArray[np.uint8], left: float, top: float, width: float, height: float) -> tuple[float, float, float]:
    """Return middle and width of the lips, or the usual place if none are to be seen."""
    usual = (left + width / 2, top + 0.74 * height, 0.3 * width)
    x0, x1 = int(left + 0.25 * width), int(left + 0.75 * width)
    y0, y1 = int(top + 0.58 * height), int(top + 0.94 * height)
    window = rgb[y0:y1, x0:x1].astype(np.float32)
    if window.size == 0:
        return usual
    spot = _central_part(_lips(window))
    if spot is None:
        return usual
    rows, columns = np.nonzero(spot)
    lips_width = float(np.ptp(columns)) + 1
    if not _NARROWEST * width < lips_width < _WIDEST * width or np.ptp(rows) > lips_width:
        return usual
    return x0 + float(columns.min()) + lips_width / 2, y0 + float(np.median(rows)), lips_width


def _lips(window: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Mark what is pinker than the skin around it: lips of every shade have more blue, for their red, than skin."""
    red, green, blue = np.moveaxis(window, -1, 0)
    pinkness = (red + blue - 2 * green) / (red + green + blue + 30)
    skin, lips = float(np.median(pinkness)), float(np.percentile(pinkness, 99.3))
    if lips - skin < _LEAST_PINKER:
        return np.zeros(pinkness.shape, dtype=bool)
    return np.asarray(pinkness > skin + 0.5 * (lips - skin))


def _central_part(mask: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """Return the largest part that lies across the middle, upper and lower lip in one."""
    middle = slice(int(mask.shape[1] * 0.35), int(mask.shape[1] * 0.65) + 1)
    reach = max(1, mask.shape[0] // 24)
    joined = mask.copy()
    for shift in range(1, reach + 1):  # a dark line between the lips does not part them
        joined[shift:] |= mask[:-shift]
    parts = [part & mask for part in connected_parts(joined) if part[:, middle].any()]
    return max(parts, key=lambda part: int(part.sum()), default=None)
