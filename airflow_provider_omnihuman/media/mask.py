"""Where in a picture a mask's subject is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.media.container import IMAGE_FORMATS, Source, describe, first_stream, opened
from airflow_provider_omnihuman.media.errors import MediaError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MaskFacts", "mask_facts", "mask_pixels"]

_HALF = 127
_OPAQUE = 250


@dataclass(frozen=True, slots=True)
class MaskFacts:
    """Where a subject is; all numbers are parts of the picture's width, height or area, from 0 to 1.

    :param center_x: of its pixels' mean, from the left
    :param center_y: likewise, from the top
    :param left: of the box around it, as the others
    :param area: how much of the picture it covers
    """

    center_x: float
    center_y: float
    left: float
    top: float
    right: float
    bottom: float
    area: float


def mask_pixels(source: Source) -> NDArray[np.bool_]:
    """Return which pixels of a mask are the subject's: the white ones, or, where some are transparent, the others.

    :param source: a path, bytes, or a seekable file
    :raises MediaError: it is no picture
    """
    import numpy as np

    with opened(source, IMAGE_FORMATS, "a mask") as container:
        stream = first_stream(container, "video", source)
        frame: Any = next(container.decode(stream), None)
        if frame is None:
            raise MediaError("holds no picture that can be decoded", source=describe(source))
        pixels = frame.to_ndarray(format="rgba")
    alpha = pixels[..., 3]
    if bool((alpha < _OPAQUE).any()):
        return np.asarray(alpha > _HALF)
    return np.asarray(pixels[..., :3].max(axis=-1) > _HALF)


def mask_facts(pixels: NDArray[np.bool_], *, source: str) -> MaskFacts:
    """Return where the subject is.

    :param pixels: of :func:`mask_pixels`
    :param source: the mask's name, for the message
    :raises MediaError: it marks nothing
    """
    import numpy as np

    if not pixels.any():
        raise MediaError("marks nothing", source=source, advice="it is no mask of a subject")
    height, width = pixels.shape
    rows, columns = pixels.sum(axis=1), pixels.sum(axis=0)
    marked, total = (np.flatnonzero(columns), np.flatnonzero(rows)), pixels.sum()
    return MaskFacts(
        center_x=float((columns * (np.arange(width) + 0.5)).sum() / total / width),
        center_y=float((rows * (np.arange(height) + 0.5)).sum() / total / height),
        left=float(marked[0][0] / width),
        top=float(marked[1][0] / height),
        right=float((marked[0][-1] + 1) / width),
        bottom=float((marked[1][-1] + 1) / height),
        area=float(total / pixels.size),
    )
