"""Letters for names: Pillow's own font has the Latin ones, and the system may have others."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import ImageFont

__all__ = ["can_write", "font_for"]

# Where Linux, macOS and Windows have Chinese, Japanese and Korean; Pillow looks for them in the system's folders.
_WIDER = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansSC-Regular.otf",
    "wqy-microhei.ttc",
    "DroidSansFallbackFull.ttf",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "msyh.ttc",
    "DejaVuSans.ttf",
)
_NO_CHARACTER = "\uffff"


def can_write(text: str) -> bool:
    """Whether there is a font here that has all of a text's letters."""
    return any(_has(font, text) for font in (_font(name, 16) for name in (None, *_WIDER)) if font)


def font_for(text: str, *, size: int) -> ImageFont.FreeTypeFont:
    """Return a font that has a text's letters; Pillow's own where none has.

    :param text: what will be written
    :param size: in pixels
    """
    fonts: list[Any] = [font for name in (None, *_WIDER) if (font := _font(name, size))]
    found: ImageFont.FreeTypeFont = next((font for font in fonts if _has(font, text)), fonts[0])
    return found


@lru_cache(maxsize=64)
def _font(name: str | None, size: int) -> Any:
    from PIL import ImageFont

    if name is None:
        return ImageFont.load_default(size)
    try:
        return ImageFont.truetype(name, size)
    except OSError:  # not on this machine
        return None


def _has(font: Any, text: str) -> bool:
    """Whether no letter is drawn as the box that stands for those that a font lacks."""
    box = bytes(font.getmask(_NO_CHARACTER))
    return all(character.isspace() or bytes(font.getmask(character)) != box for character in text)
