"""Who is who: speakers are bound to the subjects of a picture, from left to right unless told otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.dialogue.script import Dialogue, Speaker
from airflow_provider_omnihuman.media.mask import MaskFacts

__all__ = ["Subject", "bind", "from_left_to_right"]


@dataclass(frozen=True, slots=True)
class Subject:
    """One in the picture.

    :param number: from left to right, from 1
    :param mask_url: where the mask is kept
    :param mask: where in the picture they are
    """

    number: int
    mask_url: str
    mask: MaskFacts


def from_left_to_right(masks: Sequence[tuple[str, MaskFacts]]) -> list[Subject]:
    """Return the subjects in the order in which a person reads a picture.

    :param masks: URL and facts of each, in any order: the service has the largest first
    """
    ordered = sorted(masks, key=lambda mask: (mask[1].center_x, mask[1].center_y))
    return [Subject(number, url, facts) for number, (url, facts) in enumerate(ordered, start=1)]


def bind(dialogue: Dialogue, subjects: Sequence[Subject]) -> dict[str, Subject]:
    """Return the subject of each speaker.

    Those with a ``subject`` of their own take that one. The others take those that are left, from left to right, in the
    order in which they first speak. Who never speaks, and has no ``subject``, is not bound.

    :param dialogue: the script
    :param subjects: from left to right
    :raises InvalidRequestError: more speakers than subjects, a number that no subject has, one subject for two
    """
    bound: dict[str, Subject] = {}
    for speaker in dialogue.speakers:
        if speaker.subject is not None:
            bound[speaker.name] = _chosen(speaker, subjects, bound)
    waiting = [speaker for speaker in dialogue.speakers if speaker.name not in bound and dialogue.lines_of(speaker)]
    left = [subject for subject in subjects if subject not in bound.values()]
    if len(waiting) > len(left):
        names = [*bound, *(speaker.name for speaker in waiting)]
        raise InvalidRequestError(
            f"{len(names)} speakers ({', '.join(names)}), and {_people(len(subjects))} found in the picture: nobody is left for "
            f"{', '.join(speaker.name for speaker in waiting[len(left) :])}",
            advice="use a picture with all of them clearly apart, or fewer speakers",
        )
    return bound | {speaker.name: subject for speaker, subject in zip(waiting, left, strict=False)}


def _chosen(speaker: Speaker, subjects: Sequence[Subject], bound: dict[str, Subject]) -> Subject:
    number = speaker.subject or 0
    if number > len(subjects):
        raise InvalidRequestError(
            f"speaker {speaker.name!r} is to be subject {number}, and {_people(len(subjects))} found in the picture",
            advice="subjects are counted from left to right, from 1",
        )
    subject = subjects[number - 1]
    for name, other in bound.items():
        if other == subject:
            raise InvalidRequestError(
                f"speakers {name!r} and {speaker.name!r} are both to be subject {number}",
                advice="subjects are counted from left to right, from 1; one who speaks in two ways is one speaker, with a voice "
                "or a prompt in the line",
            )
    return subject


def _people(count: int) -> str:
    return f"{count} subject{'' if count == 1 else 's'} {'was' if count == 1 else 'were'}"
