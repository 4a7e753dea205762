"""A picture for a person to look at before anything is rendered: who is who."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_omnihuman.dialogue.fonts import can_write, font_for
from airflow_provider_omnihuman.media.errors import MediaError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image, ImageDraw, ImageFont

    from airflow_provider_omnihuman.dialogue.binding import Subject

__all__ = ["Seen", "preview_jpeg"]

_COLOURS = ((37, 99, 235), (217, 70, 18), (5, 130, 90), (147, 51, 234), (190, 18, 90))
"""Told apart by those who see fewer colours, too; the numbers say the same."""
_NOBODY = (110, 116, 128)
_LONGEST_SIDE = 1280
_SHORTEST_SIDE = 480
_TINT = 0.22
_HALF = 127
_WHITE = (255, 255, 255)
_INK = (20, 24, 32)
_MAX_PIXELS = 4096 * 4096
_QUALITY = 88
_MOST_LETTERS = 120
"""Of a name that is cut, before it is measured."""
_FINER = 2
"""Labels are drawn this much larger, and scaled down: Pillow draws no soft edges."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One in the picture, and who they are.

    :param subject: number and place
    :param pixels: the mask's
    :param speaker: their name; None for one who says nothing
    :param says: beside the name, such as ``3 lines``
    """

    subject: Subject
    pixels: NDArray[np.bool_]
    speaker: str | None
    says: str = ""

    @property
    def colour(self) -> tuple[int, int, int]:
        """Of tint, outline and label."""
        return _COLOURS[(self.subject.number - 1) % len(_COLOURS)] if self.speaker else _NOBODY


def preview_jpeg(portrait: bytes, everyone: Sequence[Seen]) -> bytes:
    """Return the portrait as a JPEG with each subject tinted, outlined, numbered and named.

    :param portrait: the picture's file
    :param everyone: from left to right
    :raises MediaError: the portrait is no picture
    """
    from PIL import Image

    picture = _opened(portrait)
    for seen in everyone:
        picture = _tinted(picture, seen)
    picture = Image.alpha_composite(picture.convert("RGBA"), _labels(picture.size, everyone)).convert("RGB")
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=_QUALITY, optimize=True)
    return target.getvalue()


def _opened(portrait: bytes) -> Image.Image:
    """Return the picture upright, and of a size to look at."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        picture = Image.open(io.BytesIO(portrait), formats=("JPEG", "PNG"))
        if picture.width * picture.height > _MAX_PIXELS:
            raise MediaError(f"has {picture.width}×{picture.height} pixels", source="the portrait", advice="scale it down")
        upright = ImageOps.exif_transpose(picture).convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise MediaError("is no JPG or PNG picture", source="the portrait") from error
    scale = min(_LONGEST_SIDE / max(upright.size), max(1.0, _SHORTEST_SIDE / min(upright.size)))
    size = (max(1, round(upright.width * scale)), max(1, round(upright.height * scale)))
    ground = Image.new("RGBA", size, (*_WHITE, 255))
    return Image.alpha_composite(ground, upright.resize(size, Image.Resampling.LANCZOS)).convert("RGB")


def _tinted(picture: Image.Image, seen: Seen) -> Image.Image:
    """Return the picture with a subject's colour on it, and a line around it."""
    from PIL import Image, ImageChops, ImageFilter

    mask = Image.fromarray(seen.pixels.astype("uint8") * 255).resize(picture.size, Image.Resampling.BILINEAR)
    # Masks may be coarse: their stairs are smoothed, so that the line looks like one.
    mask = mask.filter(ImageFilter.GaussianBlur(max(picture.size) / 320)).point(lambda value: 255 * (value > _HALF))
    colour = Image.new("RGB", picture.size, seen.colour)
    tint = mask.point(lambda value: round(value * _TINT))
    width = 2 * (max(picture.size) // 320) + 1
    line = ImageChops.subtract(mask.filter(ImageFilter.MaxFilter(width)), mask.filter(ImageFilter.MinFilter(3)))
    return Image.composite(colour, Image.composite(colour, picture, tint), line)


def _labels(size: tuple[int, int], everyone: Sequence[Seen]) -> Image.Image:
    """Return number and name of each, on glass."""
    from PIL import Image, ImageDraw

    fine = (size[0] * _FINER, size[1] * _FINER)
    glass = Image.new("RGBA", fine, (*_WHITE, 0))
    draw = ImageDraw.Draw(glass)
    taken: list[tuple[float, ...]] = []
    for seen in everyone:
        taken.append(_write_label(draw, fine, seen, taken=taken))
    return glass.resize(size, Image.Resampling.LANCZOS)


def _write_label(
    draw: ImageDraw.ImageDraw, picture: tuple[int, int], seen: Seen, *, taken: Sequence[tuple[float, ...]]
) -> tuple[float, ...]:
    """Write number and name on the middle of a subject, below the face; return the box that it takes."""
    (width, height), letter = picture, max(18 * _FINER, round(min(picture) / 22))
    badge, number = round(letter * 1.9), str(seen.subject.number)
    words, font = _words(draw, seen, size=letter, room=width - badge - 2 * letter)
    wide = badge + (draw.textlength(words, font=font) + letter * 1.3 if words else 0)
    where = seen.subject.mask
    x = min(max(where.center_x * width - wide / 2, letter / 4), max(letter / 4, width - wide - letter / 4))
    y = min((where.top + 0.72 * (where.bottom - where.top)) * height, height - badge * 1.2)
    above = int(y / badge / 1.1)
    # The first free place: upwards, and below where there is none.
    for step in (*range(above + 1), *range(-1, -len(taken) - 1, -1)):
        at = y - step * badge * 1.1
        if not any(x < right and x + wide > left and at < bottom and at + badge > top for left, top, right, bottom in taken):
            y = at
            break
    draw.rounded_rectangle((x, y, x + wide, y + badge), radius=badge / 2, fill=_WHITE, outline=seen.colour, width=3 * _FINER)
    draw.ellipse((x, y, x + badge, y + badge), fill=seen.colour)
    draw.text((x + badge / 2, y + badge / 2), number, font=font_for(number, size=letter), fill=_WHITE, anchor="mm")
    draw.text((x + badge + letter * 0.5, y + badge / 2), words, font=font, fill=_INK, anchor="lm")
    return (x, y, x + wide, y + badge)


def _words(draw: ImageDraw.ImageDraw, seen: Seen, *, size: int, room: float) -> tuple[str, ImageFont.FreeTypeFont]:
    """Return what is written beside the number, and in which font: where there is little room the name alone, or cut."""
    whole = seen.speaker or "silent"
    whole = whole if can_write(whole) else ""
    font = font_for(whole + seen.says, size=size)
    cut = (f"{whole[:length].rstrip()}…" for length in range(min(len(whole) - 1, _MOST_LETTERS), 0, -1))
    written = (" · ".join(filter(None, (whole, seen.says))), whole, *cut)
    return next((words for words in written if draw.textlength(words, font=font) <= room), written[-1]), font
