"""A presenter: who is seen and heard in a video, and how; what a file under version control says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["DEFAULT_SEED", "Presenter"]

DEFAULT_SEED = 20251
"""Where neither a presenter nor anybody else says one. Any will do, as long as it stays the same: then clips of one film look
alike, and the same clip is the same video, which is found in the archive and not paid for again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presenter:
    """What a presenter's file says, checked; None is what it leaves out.

    :param source: the file, a path or an ``s3://`` URI, as messages name it
    :param portrait: an http(s) or ``s3://`` URL, or a file beside the presenter's, which is to be put into S3
    :param mask: which subject of the portrait speaks, 1 being the largest
    :param voice: who is heard, by the engine's own name
    :param engine: which engine speaks
    :param speech: ``speech_rate``, ``sample_rate``, ``audio_format`` and ``engine_options`` of ``TextToSpeechOperator``
    :param prompt: picture, movement and camera
    :param seed: −1 for a random one
    :param output_resolution: 720 or 1080
    :param pe_fast_mode: faster, at the cost of quality
    :param aigc_meta: the label's ids, under the API's names
    """

    source: str
    portrait: str | Path | None = field(default=None)
    mask: int | None = None
    voice: str | None = None
    engine: str | None = None
    speech: Mapping[str, Any] = field(default_factory=dict)
    prompt: str | None = None
    seed: int | None = None
    output_resolution: int | None = None
    pe_fast_mode: bool | None = None
    aigc_meta: Mapping[str, str] | None = None

    @property
    def render(self) -> dict[str, Any]:
        """What it gives to a render, beside the portrait and the mask, under the names of the operator's arguments."""
        names = ("prompt", "seed", "output_resolution", "pe_fast_mode", "aigc_meta")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    @property
    def spoken(self) -> dict[str, Any]:
        """What it gives to speech, beside the engine, under the names of the operator's arguments."""
        return {**({"voice": self.voice} if self.voice else {}), **self.speech}
