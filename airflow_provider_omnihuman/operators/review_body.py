"""What a reviewer is shown of a video, in Markdown: the poster, a link, the length, the cost, the checks, the script."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from airflow_provider_omnihuman.api.cost import cost_text

__all__ = ["review_body"]

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-=.!|<>~&:])")
_MB = 1_000_000


def review_body(
    facts: Mapping[str, Any],
    manifest: Mapping[str, Any],
    *,
    urls: Mapping[str, str],
    text: str | None = None,
    said: str | None = None,
    consequences: str = "",
) -> str:
    """Return the body of the question.

    :param facts: of the archived video
    :param manifest: that is beside it; empty where there is none
    :param urls: for a person: ``video``, and ``poster`` where a browser can show it
    :param text: what is spoken in it
    :param said: the Dag's author's own words, Markdown
    :param consequences: what the answers lead to, and what no answer does
    """
    parts = [
        said,
        f"[![The video's poster]({urls['poster']})]({urls['video']})" if urls.get("poster") else None,
        f"**[Watch the video]({urls['video']})** · {_measures(facts)}",
        _quoted(text),
        _checks(manifest.get("checks")),
        _asked(manifest.get("request") or {}),
        consequences,
    ]
    return "\n\n".join(part for part in parts if part)


def _measures(facts: Mapping[str, Any]) -> str:
    told = [
        f"{facts['duration_s']:.1f} s" if facts.get("duration_s") is not None else "",
        f"{facts['width']} × {facts['height']}" if facts.get("width") and facts.get("height") else "",
        f"{facts['fps']:g} fps" if facts.get("fps") else "",
        f"{facts['bytes'] / _MB:.1f} MB" if facts.get("bytes") else "",
        _cost(facts),
    ]
    return " · ".join(filter(None, told))


def _cost(facts: Mapping[str, Any]) -> str:
    if facts.get("reused"):
        return "used again, nothing was paid"
    if cost := cost_text(facts.get("cost")):
        return f"about {cost}"
    return f"{facts['billed_seconds']:.1f} s billed" if facts.get("billed_seconds") else ""


def _quoted(text: str | None) -> str:
    return "\n".join(f"> {_escaped(line.strip())}" for line in text.strip().splitlines()) if text and text.strip() else ""


def _escaped(text: Any) -> str:
    """Return a text that shows as it is, whatever it would mean in Markdown."""
    return _MARKDOWN.sub(r"\\\1", str(text))


def _asked(request: Mapping[str, Any]) -> str:
    seed = request.get("seed")
    told = [
        f"Prompt: {_escaped(' '.join(str(request['prompt']).split()))}" if request.get("prompt") else "",
        f"Seed: {seed}" if isinstance(seed, int) and seed > 0 else "",
    ]
    return "  \n".join(filter(None, told))


def _checks(checks: Any) -> str:
    """Return the table of what ``OmniHumanVideoCheckOperator`` has found; nothing where it has not looked."""
    results = checks.get("results", checks) if isinstance(checks, Mapping) else checks
    if isinstance(results, Mapping):
        results = [{"name": name, **(result if isinstance(result, Mapping) else {})} for name, result in results.items()]
    if not isinstance(results, list) or not results:
        return ""
    rows = [_check_row(result) for result in results if isinstance(result, Mapping)]
    return "\n".join(["| | check | found |", "|---|---|---|", *rows])


def _check_row(result: Mapping[str, Any]) -> str:
    passed = result.get("passed")
    mark = "–" if passed is None else "✓" if passed else "✗"
    found = " ".join(str(result.get("found") or result.get("message") or "").split())
    return f"| {mark} | {_escaped(result.get('name', ''))} | {_escaped(found)} |"
