"""Guesses where head and mouth of a subject are, from its mask and the colours of its face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
    """Return the reddest or darkest compact spot of the lower face, or the usual place if there is none."""
    usual = (left + width / 2, top + 0.74 * height, 0.3 * width)
    x0, x1 = int(left + 0.28 * width), int(left + 0.72 * width)
    y0, y1 = int(top + 0.62 * height), int(top + 0.92 * height)
    window = rgb[y0:y1, x0:x1].astype(np.float32)
    if window.size == 0:
        return usual
    red, green, blue = np.moveaxis(window, -1, 0)
    redness = red - (green + blue) / 2
    lips = redness - np.median(redness)
    threshold = max(14.0, float(np.percentile(lips, 90)))
    spot = lips >= threshold
    if not 0.002 < spot.mean() < 0.35:
        return usual
    rows, columns = np.nonzero(spot)
    if rows.std() > 0.2 * (y1 - y0) or abs(columns.mean() / (x1 - x0) - 0.5) > 0.2:
        return usual
    mouth_width = float(np.percentile(columns, 97) - np.percentile(columns, 3))
    return (
        x0 + float(columns.mean()),
        y0 + float(rows.mean()),
        float(np.clip(mouth_width, 0.2 * width, 0.45 * width)),
    )
