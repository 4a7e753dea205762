"""Reads a portrait or a mask, within the service's limits."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.emulator.codes import INVALID_INPUT
from airflow_provider_omnihuman.emulator.fetching import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

# Facts, limits of the image: < 5 MB, < 4096x4096, JPG or PNG.
_LARGEST_BYTES = 5 * 1000 * 1000
_LARGEST_SIDE = 4096
_SMALLEST_SIDE = 32
_FORMATS = ("JPEG", "PNG")
_OPAQUE = 250


@dataclass(frozen=True, slots=True)
class Portrait:
    """A picture, upright.

    :param image: RGB, transparency laid on a light grey.
    :param cutout: where the picture is not transparent, if it has transparent parts.
    """

    image: Image.Image = field(repr=False)
    cutout: NDArray[np.bool_] | None = field(default=None, repr=False)


def read_portrait(data: bytes) -> Portrait:
    """Read ``image_url``'s picture, or raise what the query would answer."""
    import numpy as np
    from PIL import Image

    picture = _open(data, "image_url")
    if picture.mode not in ("RGBA", "LA", "PA") and "transparency" not in picture.info:
        return Portrait(picture.convert("RGB"))
    picture = picture.convert("RGBA")
    alpha = np.asarray(picture.getchannel("A"))
    ground = Image.new("RGBA", picture.size, (214, 216, 220, 255))
    image = Image.alpha_composite(ground, picture).convert("RGB")
    return Portrait(image, alpha > _OPAQUE // 2 if (alpha < _OPAQUE).mean() > 0.01 else None)  # noqa: PLR2004


def read_mask(data: bytes, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Read a mask and bring it to the portrait's size: white is the subject."""
    import numpy as np

    picture = _open(data, "mask_url").convert("L").resize(size)
    mask = np.asarray(picture) > 127  # noqa: PLR2004
    if not mask.any():
        raise InputError(INVALID_INPUT, "mask_url: marks nothing")
    return mask


def encode_mask(mask: NDArray[np.bool_]) -> bytes:
    """Return a mask as a PNG."""
    import numpy as np
    from PIL import Image

    target = io.BytesIO()
    Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).save(target, "PNG")
    return target.getvalue()


def _open(data: bytes, what: str) -> Any:
    from PIL import Image, ImageOps, UnidentifiedImageError

    if len(data) > _LARGEST_BYTES:
        raise InputError(INVALID_INPUT, f"{what}: {len(data)} bytes; at most 5 MB are taken")
    try:
        picture = Image.open(io.BytesIO(data), formats=_FORMATS)
        if max(picture.size) > _LARGEST_SIDE or min(picture.size) < _SMALLEST_SIDE:
            raise InputError(INVALID_INPUT, f"{what}: {picture.width}x{picture.height} is out of range")
        picture.load()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(INVALID_INPUT, f"{what}: not a readable JPG or PNG") from error
    return ImageOps.exif_transpose(picture)
