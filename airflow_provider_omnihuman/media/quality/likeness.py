"""Whether a film shows the portrait that it was made of, or something that was put in its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from airflow_provider_omnihuman.media.quality.stretches import Stretch, Stretches, is_black

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from airflow_provider_omnihuman.media.quality.playing import Picture

__all__ = ["ForeignPictures", "Look", "look_at_portrait"]

_EVERY_S = 0.1
_ROUNDING_S = 1e-3
"""Times in a file are rounded to its clock."""
_SIDE = 16
"""Pixels of the thumbnails that are compared: a head that moves is no difference yet."""
_GREY = (160, 90)
_TONES = 4
"""Of each of the three colours, hence 64 colours are counted."""
_CROPS = tuple((scale, x, y) for scale in (1.0, 0.8, 0.6, 0.45) for x in (0.0, 0.5, 1.0) for y in (0.0, 0.3, 0.7))
"""Parts of the portrait that the film may show, since a prompt may move the camera in."""
_PLAIN_REACH = 8
_PLAIN_SHARE = 0.92
"""A picture with more than that of one tone is a card: empty, or with some text on it."""
_NO_CARD = 0.7
"""Unless it is as like the portrait as that: a figure before a white wall is next to plain itself."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a picture looks like, from afar.

    :param thumbnails: its brightness, and where the picture is a portrait that of parts of it; each of mean 0 and length 1
    :param colours: the share of each colour
    :param is_plain: whether nearly all of it has one tone
    """

    thumbnails: NDArray[np.float64] = field(repr=False)
    colours: NDArray[np.float64] = field(repr=False)
    is_plain: bool = False

    def likeness(self, seen: Look) -> float:
        """Return how like a picture of a film is, 0 to 1: half of it is where light and dark are, half the colours."""
        import numpy as np

        layout = max(0.0, float((self.thumbnails @ seen.thumbnails[0]).max()))
        return 0.5 * layout + 0.5 * float(np.minimum(self.colours, seen.colours).sum())


def look_at_portrait(file: IO[bytes]) -> Look:
    """Return the look of a portrait.

    :param file: JPEG, PNG or whatever Pillow reads
    :raises MediaError: it is no picture
    """
    import numpy as np
    from PIL import Image, ImageOps, UnidentifiedImageError

    from airflow_provider_omnihuman.media.container import describe
    from airflow_provider_omnihuman.media.errors import MediaError

    try:
        with Image.open(file) as opened:
            image = ImageOps.exif_transpose(opened).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise MediaError("cannot be read as a picture", source=describe(file)) from error
    parts = [image.resize((_SIDE, _SIDE), Image.Resampling.BOX, box=box) for box in _boxes(*image.size)]
    return _look(parts, plain=is_plain(np.asarray(image.convert("L").resize(_GREY, Image.Resampling.BOX))))


def _boxes(width: int, height: int) -> Iterator[tuple[float, float, float, float]]:
    boxes = {
        (x * (1 - scale) * width, y * (1 - scale) * height, (x + (1 - x) * scale) * width, (y + (1 - y) * scale) * height)
        for scale, x, y in _CROPS
    }
    # The whole first: its colours are the portrait's.
    yield from sorted(boxes, key=lambda box: (box[0] - box[2]) * (box[3] - box[1]))


def _look(images: Sequence[Any], *, plain: bool = False) -> Look:
    import numpy as np

    pixels = np.stack([np.asarray(image, dtype=np.float64) for image in images])
    grey = pixels.mean(axis=-1).reshape(len(images), -1)
    grey -= grey.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(grey, axis=1, keepdims=True)
    tones = (pixels[0].reshape(-1, 3) * _TONES / 256).astype(int) @ [_TONES * _TONES, _TONES, 1]
    colours = np.bincount(tones, minlength=_TONES**3) / tones.size
    return Look(grey / np.maximum(lengths, 1e-6), colours, plain)


class ForeignPictures:
    """Watches for pictures that are not of the portrait, and for empty ones and cards, by which alone it can tell without one.

    :param portraits: the film may show any of them
    :param least_likeness: below it, a picture is none of the portrait
    :param longest_s: up to this long, such a picture may be shown
    """

    def __init__(self, portraits: Sequence[Look], *, least_likeness: float, longest_s: float) -> None:
        from av.video.reformatter import VideoReformatter

        self._portraits = portraits
        self._least_likeness = least_likeness
        self._scaler: Any = VideoReformatter()
        self._stretches = Stretches(longest_s=longest_s)
        self._next_s = 0.0
        self.lowest_likeness = 1.0

    @property
    def found(self) -> list[Stretch]:
        """The stretches that are too long."""
        return self._stretches.found

    def see(self, picture: Picture) -> None:
        """Look at the next picture, if it is time to."""
        if picture.at_s < self._next_s - _ROUNDING_S:
            return
        self._next_s = picture.at_s + _EVERY_S
        self._stretches.mark(picture.at_s, is_on=self._is_foreign(picture))

    def end(self, end_s: float) -> None:
        """The film is over."""
        self._stretches.close(end_s)

    def _is_foreign(self, picture: Picture) -> bool:
        if is_black(picture.grey):  # which is told as such
            return False
        plain = is_plain(picture.grey)
        if not self._portraits:
            return plain
        small = self._scaler.reformat(picture.frame, _SIDE, _SIDE, "rgb24", interpolation="AREA").to_ndarray()
        likeness = max(portrait.likeness(_look([small])) for portrait in self._portraits)
        self.lowest_likeness = min(self.lowest_likeness, likeness)
        is_card = plain and likeness < _NO_CARD and not any(portrait.is_plain for portrait in self._portraits)
        return likeness < self._least_likeness or is_card


def is_plain(grey: NDArray[np.uint8]) -> bool:
    """Whether next to all of a picture has one tone."""
    import numpy as np

    counts = np.bincount(grey.ravel(), minlength=256)
    sums = np.concatenate([[0], counts.cumsum()])
    wide = 2 * _PLAIN_REACH + 1
    return bool((sums[wide:] - sums[:-wide]).max() >= _PLAIN_SHARE * grey.size)
