"""Turns a person's own picture into an address that the Dag can use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow_provider_omnihuman.demo.failures import DemoError
from airflow_provider_omnihuman.demo.object_store import BUCKET

# The service's limit for a portrait.
MAX_BYTES = 5_000_000
REMOTE = ("s3://", "http://", "https://")
# The first bytes of the two formats that the service accepts.
FORMATS = {b"\xff\xd8\xff": ("jpg", "image/jpeg"), b"\x89PNG\r\n\x1a\n": ("png", "image/png")}


def checked_image(image: str) -> str | Path | None:
    """Return a local picture that can be used, or an address as it is; ``None`` when none was given.

    :param image: what was given on the command line.
    """
    if not image:
        return None
    if image.startswith(REMOTE):
        return image
    path = Path(image).expanduser()
    _format_of(path)
    if path.stat().st_size >= MAX_BYTES:
        raise DemoError(f"the picture {image} is not under {MAX_BYTES / 1e6:.0f} MB, which is the service's limit")
    return path


def image_url(image: str | Path, s3: Any) -> str:
    """Return an address for the picture; a local one is put into the demo's bucket first.

    :param image: what :func:`checked_image` returned.
    :param s3: a boto3 client for the store.
    """
    if isinstance(image, str):
        return image
    suffix, content_type = _format_of(image)
    key = f"inputs/portrait.{suffix}"
    s3.upload_file(str(image), BUCKET, key, ExtraArgs={"ContentType": content_type})
    return f"s3://{BUCKET}/{key}"


def _format_of(path: Path) -> tuple[str, str]:
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise DemoError(f"cannot read the picture {path}: {error.strerror}") from error
    for signature, found in FORMATS.items():
        if head.startswith(signature):
            return found
    raise DemoError(f"the picture {path} is neither a JPEG nor a PNG, which is what the service accepts")
