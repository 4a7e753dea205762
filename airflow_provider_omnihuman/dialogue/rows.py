"""What a dialogue becomes: one row for each line, from which one clip is spoken and rendered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow_provider_omnihuman.dialogue.binding import Subject
from airflow_provider_omnihuman.dialogue.preview import Seen
from airflow_provider_omnihuman.dialogue.script import Dialogue, Line

__all__ = ["cast_facts", "clip_rows", "everyone_seen", "pauses_s", "voice_of"]


def clip_rows(
    dialogue: Dialogue,
    bound: Mapping[str, Subject],
    *,
    image_url: str,
    prompt: str | None,
    presenter: str | None,
    seed_of: Callable[[str | None], int | None],
) -> list[dict[str, Any]]:
    """Return the rows for ``avatar_clips``, in the order of the lines; a line's word comes before its speaker's.

    :param dialogue: the script
    :param bound: who is who
    :param image_url: the picture
    :param prompt: for lines whose speaker has none, either
    :param presenter: likewise
    :param seed_of: returns the seed of whoever has none, by their presenter; None leaves it to that one
    """
    rows = []
    for line in dialogue.lines:
        speaker = dialogue.speaker(line.speaker)
        said = voice_of(dialogue, line, presenter=presenter)
        seed = next((seed for seed in (line.seed, speaker.seed) if seed is not None), None)
        rows.append(
            {
                "name": f"{line.speaker}: {line.text}",
                "text": line.text,
                **said,
                "image_url": image_url,
                "mask_url": bound[line.speaker].mask_url,
                "prompt": line.prompt or speaker.prompt or prompt,
                "seed": seed_of(said["presenter"]) if seed is None else seed,
            }
        )
    return rows


def voice_of(dialogue: Dialogue, line: Line, *, presenter: str | None) -> dict[str, str | None]:
    """Return ``voice``, ``engine`` and ``presenter`` of a line; a voice belongs to its engine.

    :param dialogue: the script
    :param line: of it
    :param presenter: of those who have none
    """
    speaker = dialogue.speaker(line.speaker)
    own = line.engine not in (None, speaker.engine)
    voice, engine = (line.voice, line.engine) if own else (line.voice or speaker.voice, speaker.engine)
    return {"voice": voice, "engine": engine, "presenter": speaker.presenter or presenter}


def pauses_s(dialogue: Dialogue, *, pause_s: float) -> list[float]:
    """Return how long the picture is held after each line, in seconds; the film ends with its last word.

    :param dialogue: the script
    :param pause_s: where the line does not say
    """
    pauses = [pause_s if line.pause_s is None else float(line.pause_s) for line in dialogue.lines]
    return [*pauses[:-1], 0.0]


def cast_facts(dialogue: Dialogue, bound: Mapping[str, Subject]) -> list[dict[str, Any]]:
    """Return who is who, as plain data: from left to right.

    :param dialogue: the script
    :param bound: who is who
    """
    return [
        {
            "speaker": speaker.name,
            "subject": bound[speaker.name].number,
            "mask_url": bound[speaker.name].mask_url,
            "lines": dialogue.lines_of(speaker),
        }
        for speaker in sorted(
            (speaker for speaker in dialogue.speakers if speaker.name in bound), key=lambda one: bound[one.name].number
        )
    ]


def everyone_seen(
    dialogue: Dialogue, bound: Mapping[str, Subject], *, subjects: Sequence[Subject], pixels: Mapping[str, Any]
) -> list[Seen]:
    """Return what the preview shows: all in the picture, those too who say nothing.

    :param dialogue: the script
    :param bound: who is who
    :param subjects: from left to right
    :param pixels: of the masks, by their URLs
    """
    names = {subject.number: name for name, subject in bound.items()}
    return [
        Seen(subject, pixels[subject.mask_url], name := names.get(subject.number), _says(dialogue, name)) for subject in subjects
    ]


def _says(dialogue: Dialogue, name: str | None) -> str:
    count = sum(line.speaker == name for line in dialogue.lines)
    return f"{count} line{'' if count == 1 else 's'}" if count else ""
