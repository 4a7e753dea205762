"""Many rows of few: one script in several languages, by several presenters; the same row in several takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError

__all__ = ["takes", "variants"]


def variants(
    scripts: Mapping[str, str],
    *,
    presenters: Sequence[str] = (),
    portraits: Mapping[str, str] | Sequence[str] = (),
    voices: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Return a row for each script and each presenter or portrait.

    :param scripts: the text by language, or by whatever tells the texts apart
    :param presenters: their names
    :param portraits: URLs, or URLs by a name of yours
    :param voices: who speaks a language, by its name among the scripts; not needed where presenters have voices for it
    :raises InvalidRequestError: there is nothing to combine, or a voice for a language that has no script
    """
    if not scripts:
        raise InvalidRequestError("scripts is empty", advice="give texts by language, such as {'en': '…', 'es': '…'}")
    if unknown := sorted((voices or {}).keys() - scripts.keys()):
        raise InvalidRequestError(f"voices has {', '.join(unknown)}, for which there is no script")
    named = portraits if isinstance(portraits, Mapping) else {str(number): url for number, url in enumerate(portraits, start=1)}
    looks = [(name, {"presenter": name}) for name in presenters] + [(name, {"image_url": url}) for name, url in named.items()]
    if not looks:
        raise InvalidRequestError("there is neither a presenter nor a portrait to speak the scripts")
    return [
        {"id": f"{language}-{look}", "language": language, "text": text, **fields, **_voice(voices, language)}
        for language, text in scripts.items()
        for look, fields in looks
    ]


def takes(rows: Iterable[Mapping[str, Any]], seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Return each row once for each seed; the report shows takes of the same row side by side.

    :param rows: any mappings; a row's ``id`` names its takes, ``greeting-take1`` and so on. Those of a row without one have none:
        its place would make other videos of them, paid for again, as soon as a row is put before it
    :param seeds: different ones, 0 or more: a random one could not be rendered again
    :raises InvalidRequestError: two seeds are the same, or one is random
    """
    wrong = [seed for seed in seeds if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0]
    if not seeds or wrong or len(set(seeds)) < len(seeds):
        raise InvalidRequestError(f"seeds of takes must be different whole numbers of 0 or more, not {list(seeds)}")
    return [
        {**row, **({"id": f"{own}-take{number}"} if own else {}), "take_of": own or f"row{place}", "seed": seed}
        for place, row in enumerate(rows, start=1)
        for own in (str(row.get("id") or row.get("key") or ""),)
        for number, seed in enumerate(seeds, start=1)
    ]


def _voice(voices: Mapping[str, str] | None, language: str) -> dict[str, str]:
    return {"voice": voices[language]} if voices and language in voices else {}
