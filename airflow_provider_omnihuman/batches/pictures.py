"""Posters made small: one for each card of the report, and all of them on a contact sheet."""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

__all__ = ["Tile", "contact_sheet", "thumbnail", "thumbnail_px"]

log = logging.getLogger(__name__)

_FEW, _MANY = 60, 240
_QUALITY = 80
_SHEET_COLUMNS = 6
_GAP_PX, _CAPTION_PX, _FONT_PX = 12, 28, 15
_PAPER, _EMPTY_TILE, _INK = (244, 243, 240), (221, 219, 214), (60, 58, 54)
_SHAPES = (9 / 16, 16 / 9)
"""The narrowest and the widest tile; pictures beyond get a margin."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A place on the contact sheet.

    :param caption: below the picture
    :param picture: of :func:`thumbnail`; None where the row has no video
    """

    caption: str
    picture: bytes | None


def thumbnail_px(count: int) -> int:
    """Return how large the thumbnails of so many rows are: the page holds all of them.

    :param count: of rows
    """
    return 320 if count <= _FEW else 240 if count <= _MANY else 160


def thumbnail(poster: bytes, *, size_px: int) -> bytes | None:
    """Return a small JPEG of a poster; None where it cannot be read.

    :param poster: a JPEG
    :param size_px: of its longer side
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(poster), formats=["JPEG"]) as picture:
            picture.thumbnail((size_px, size_px))
            return _jpeg(picture.convert("RGB"))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        log.warning("A poster cannot be shown: %s", type(error).__name__)
        return None


def contact_sheet(tiles: Sequence[Tile], *, size_px: int) -> bytes:
    """Return one JPEG with all pictures in rows.

    :param tiles: in their order, at least one
    :param size_px: of the longer side of a tile
    """
    from PIL import Image, ImageDraw, ImageFont

    pictures = [_opened(tile.picture) for tile in tiles]
    width, height = _tile_size(pictures, size_px)
    # Many rows make a wider sheet: a JPEG has 65,500 pixels a side at most.
    columns = min(max(_SHEET_COLUMNS, math.ceil(math.sqrt(len(tiles)) / 2)), len(tiles))
    lines = math.ceil(len(tiles) / columns)
    step_x, step_y = width + _GAP_PX, height + _CAPTION_PX + _GAP_PX
    sheet = Image.new("RGB", (columns * step_x + _GAP_PX, lines * step_y + _GAP_PX), _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_FONT_PX)
    for place, (tile, picture) in enumerate(zip(tiles, pictures, strict=True)):
        left, top = _GAP_PX + place % columns * step_x, _GAP_PX + place // columns * step_y
        draw.rectangle((left, top, left + width - 1, top + height - 1), fill=_EMPTY_TILE)
        if picture:
            picture.thumbnail((width, height))
            sheet.paste(picture, (left + (width - picture.width) // 2, top + (height - picture.height) // 2))
        draw.text((left, top + height + 5), _caption(tile.caption, width, font), fill=_INK, font=font)
    return _jpeg(sheet)


def _opened(data: bytes | None) -> Image | None:
    from PIL import Image

    return Image.open(io.BytesIO(data)) if data else None


def _tile_size(pictures: Sequence[Image | None], size_px: int) -> tuple[int, int]:
    """Return a shape that fits the picture in the middle of all shapes."""
    shapes = sorted(picture.width / picture.height for picture in pictures if picture)
    shape = min(max(shapes[len(shapes) // 2] if shapes else _SHAPES[1], _SHAPES[0]), _SHAPES[1])
    return (size_px, round(size_px / shape)) if shape >= 1 else (round(size_px * shape), size_px)


def _caption(text: str, width_px: int, font: FreeTypeFont | ImageFont) -> str:
    """Return what fits below a tile. Pillow's own font knows Latin letters only; the page has the names as they are."""
    latin = text.encode("latin-1", "ignore").decode("latin-1")
    while latin and font.getlength(latin) > width_px:
        latin = latin[:-2].rstrip("…") + "…" if len(latin) > 2 else ""  # noqa: PLR2004 - a letter and the dots
    return latin


def _jpeg(picture: Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY, optimize=True)
    return file.getvalue()
