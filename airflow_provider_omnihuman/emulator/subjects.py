"""Finds the subjects of a picture by simple segmentation: what differs from the background, or looks like skin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from airflow_provider_omnihuman.emulator.pictures import Portrait

    Mask = NDArray[np.bool_]
    Pixels = NDArray[np.float32]

MOST_SUBJECTS = 5
_WORKING_SIDE = 192
_LEAST_AREA = 0.015
# How far the border may differ from a smooth background, 0 to 1, before the background counts as busy.
_BUSY = 0.05
_LEAST_CONTRAST = 0.07
# A subject has some drawing in it; a plain blob (a sun, a logo's disc) has none.
_LEAST_DETAIL = 0.03
# The common box in Cr and Cb that skin of every shade falls into, and what of it may be a face.
_SKIN_RED_DIFFERENCE, _SKIN_BLUE_DIFFERENCE = (0.53, 0.68), (0.3, 0.5)
_LEAST_FACE_AREA = 0.005
_FLATTEST_FACE = 0.7


def find_subjects(portrait: Portrait) -> list[Mask]:
    """Return one mask per subject in the portrait's size, the largest first, at most five."""
    scale = _WORKING_SIDE / max(portrait.image.size)
    size = (max(8, round(portrait.image.width * scale)), max(8, round(portrait.image.height * scale)))
    pixels: Pixels = np.asarray(portrait.image.resize(size, Image.Resampling.BOX), np.float32) / np.float32(255)
    cutout = portrait.cutout
    foreground = _foreground(pixels) if cutout is None else np.asarray(Image.fromarray(cutout).resize(size))
    found = [
        part for part in connected_parts(foreground) if part.mean() >= _LEAST_AREA and _detail(pixels, part) >= _LEAST_DETAIL
    ]
    found.sort(key=lambda part: -int(part.sum()))
    return [_enlarge(part, portrait.image.size) for part in found[:MOST_SUBJECTS]]


def _foreground(pixels: Pixels) -> Mask:
    """Return what a smooth background does not explain; for a busy one, the heads that skin suggests."""
    distance, border = _distance_to_background(pixels)
    if np.percentile(distance[border], 70) > _BUSY:
        return _heads_by_skin(pixels)
    threshold = max(_LEAST_CONTRAST, 3 * float(np.median(distance[border])))
    return _fill_holes(_close(distance > threshold))


def _distance_to_background(pixels: Pixels) -> tuple[Pixels, Mask]:
    """Fit a quadratic surface to the top and the upper sides, and return how far each pixel is from it."""
    height, width, _ = pixels.shape
    border = np.zeros((height, width), dtype=bool)
    edge = max(2, width // 40)
    border[:edge] = True
    border[: int(height * 0.6), :edge] = True
    border[: int(height * 0.6), -edge:] = True
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    kept = border
    for _ in range(3):  # each round leaves out what does not fit: a subject that touches the border
        surface, *_ = np.linalg.lstsq(terms[kept], pixels[kept], rcond=None)
        distance = np.abs(pixels - terms @ surface).max(axis=-1)
        kept = border & (distance <= max(0.02, 2.5 * float(np.median(distance[border]))))
        if kept.sum() < terms.shape[-1] * 4:
            break
    return distance, border


def _heads_by_skin(pixels: Pixels) -> Mask:
    """Mark a head and a torso around each compact patch of skin, or the picture's middle if there is none."""
    height, width, _ = pixels.shape
    red, green, blue = np.moveaxis(pixels, -1, 0)
    blue_difference = 0.5 - 0.169 * red - 0.331 * green + 0.5 * blue
    red_difference = 0.5 + 0.5 * red - 0.419 * green - 0.081 * blue
    skin = _is_within(red_difference, _SKIN_RED_DIFFERENCE) & _is_within(blue_difference, _SKIN_BLUE_DIFFERENCE)
    y, x = np.mgrid[0:height, 0:width]
    marked = np.zeros((height, width), dtype=bool)
    for part in connected_parts(_close(skin)):
        rows, columns = np.nonzero(part)
        part_width = float(np.ptp(columns)) + 1
        part_height = min(float(np.ptp(rows)) + 1, 1.4 * part_width)
        if part.mean() >= _LEAST_FACE_AREA and part_height > _FLATTEST_FACE * part_width:
            marked |= _bust(x, y, float(columns.mean()), float(rows.min()) + part_height * 0.4, part_width)
    return marked if marked.any() else _bust(x, y, width / 2, height * 0.36, width * 0.32)


def _is_within(values: Pixels, bounds: tuple[float, float]) -> Mask:
    return (values > bounds[0]) & (values < bounds[1])


def _bust(x: NDArray[np.int_], y: NDArray[np.int_], cx: float, cy: float, head_width: float) -> Mask:
    head = ((x - cx) / (0.62 * head_width)) ** 2 + ((y - cy) / (0.85 * head_width)) ** 2 < 1
    torso = (np.abs(x - cx) < 1.1 * head_width) & (y > cy + 1.05 * head_width)
    neck = (np.abs(x - cx) < 0.35 * head_width) & (y > cy)
    return np.asarray(head | torso | neck)


def connected_parts(mask: Mask) -> list[Mask]:
    """Return the connected parts of a mask: runs of each row, joined with those that they touch above."""
    parents: list[int] = []

    def root(label: int) -> int:
        while parents[label] != label:
            label = parents[label]
        return label

    labels = np.full(mask.shape, -1, dtype=np.int32)
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    for row in range(mask.shape[0]):
        starts, ends = np.nonzero(edges[row] == 1)[0], np.nonzero(edges[row] == -1)[0]
        for start, end in zip(starts, ends, strict=True):
            label = len(parents)
            parents.append(label)
            labels[row, start:end] = label
            if row:
                for touched in np.unique(labels[row - 1, start:end]):
                    if touched >= 0:
                        parents[root(int(touched))] = root(label)
    roots = np.array([root(label) for label in range(len(parents))] + [-1], dtype=np.int32)
    joined = roots[labels]
    return [joined == label for label in np.unique(roots[:-1])]


def _fill_holes(mask: Mask) -> Mask:
    filled = mask.copy()
    for hole in connected_parts(~mask):
        if not (hole[[0, -1]].any() or hole[:, [0, -1]].any()):
            filled |= hole
    return filled


def _close(mask: Mask) -> Mask:
    return ~_grow(~_grow(mask))


def _grow(mask: Mask) -> Mask:
    padded = np.pad(mask, 1, mode="edge")
    return np.asarray(padded[1:-1, :-2] | padded[1:-1, 2:] | padded[:-2, 1:-1] | padded[2:, 1:-1] | mask)


def _detail(pixels: Pixels, part: Mask) -> float:
    inside = ~_grow(_grow(~part))  # without the soft edge, which is detail of the outline only
    return float(pixels[inside].std(axis=0).max()) if inside.any() else 0.0


def _enlarge(part: Mask, size: tuple[int, int]) -> Mask:
    soft = Image.fromarray(np.where(part, 255, 0).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(soft) > 127  # noqa: PLR2004
