"""Which words and file names make the service's moderation refuse."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from airflow_provider_omnihuman.emulator.codes import BUSINESS_CODES

if TYPE_CHECKING:
    from collections.abc import Mapping

# In the prompt, or in the path of an input's URL: any business code on demand, from within a Dag.
_ON_DEMAND = re.compile(r"emulate-(\d{5})")
_WORDS = {"forbidden": 50412, "copyrighted": 50413, "unspeakable": 50512, "unshowable": 50511}
_FILES = {"forbidden-image": 50411, "forbidden-video": 50513, "forbidden-audio": 50514, "risky": 50218}
# Only what was generated can fail these, so they come when the work is over.
_AFTER_GENERATION = {50511, 50512, 50516, 50517, 50519}
# Seen at the submit already; the page shows its example of 50413 at the query.
_AT_SUBMIT = {50412}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What moderation says, and when: at the submit, when the inputs are read, or when the work is over."""

    at_submit: int | None = None
    at_inputs: int | None = None
    at_end: int | None = None


def judge(body: Mapping[str, Any]) -> Verdict:
    """Return the verdict on a request."""
    prompt = body.get("prompt", "")
    paths = [_path(body[name]) for name in ("image_url", "audio_url") if name in body]
    for code in _codes(prompt, paths):
        if code in _AT_SUBMIT:
            return Verdict(at_submit=code)
        if code in _AFTER_GENERATION:
            return Verdict(at_end=code)
        return Verdict(at_inputs=code)
    return Verdict()


def _path(url: str) -> str:
    try:
        return unquote(urlsplit(url).path)
    except ValueError:  # no URL at all, which is found out when it is fetched
        return ""


def _codes(prompt: str, paths: list[str]) -> list[int]:
    words = re.findall(r"[\w-]+", prompt.lower())
    demanded = [int(code) for text in (prompt, *paths) for code in _ON_DEMAND.findall(text)]
    return [
        *(code for code in demanded if code in BUSINESS_CODES),
        *(_WORDS[word] for word in words if word in _WORDS),
        *(code for name, code in _FILES.items() if any(name in path for path in paths)),
    ]
