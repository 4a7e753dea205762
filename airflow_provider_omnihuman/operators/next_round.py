"""What a rejected video is rendered with the next time: the reviewer's note in the prompt, and another seed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["next_request", "with_note"]

_ENDS = ".!?。！？…;；,，:："
_WIDE = re.compile(r"[\u3000-\u9fff\uac00-\ud7af\uff00-\uffef]")
_LARGEST_SEED = 2**31 - 1


def next_request(request: Mapping[str, Any], *, note: str, luck: int) -> dict[str, Any]:
    """Return prompt and seed of the next round.

    Another random seed would do as well, but for whoever looks for an archived video of the same request, who would find the one
    that was rejected: so it is a certain one, and the same at each try of the task.

    :param request: what the rejected video was rendered with, as its manifest tells
    :param note: of the reviewer
    :param luck: any number of this round of this run, for a seed where there was none
    """
    seed = request.get("seed")
    before = seed if isinstance(seed, int) and not isinstance(seed, bool) and seed > 0 else luck
    return {"prompt": with_note(request.get("prompt"), note), "seed": before % _LARGEST_SEED + 1}


def with_note(prompt: str | None, note: str) -> str | None:
    """Return a prompt with a reviewer's note after it, as a sentence of its own; None where there is neither.

    :param prompt: that the rejected video was rendered with
    :param note: may be empty
    """
    before, note = (prompt or "").strip(), " ".join(note.split())
    if not before or not note:
        return before or note or None
    is_wide = bool(_WIDE.search(before[-1] + note[0]))
    end = "" if before[-1] in _ENDS else ("。" if is_wide else ".")
    return f"{before}{end}{'' if is_wide else ' '}{note}"
