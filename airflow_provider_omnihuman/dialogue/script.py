"""The script of a dialogue: who says what, in order, read strictly before anything of it is paid for."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.models import MAX_AUDIO_S, MAX_MASKS
from airflow_provider_omnihuman.api.urls import shown
from airflow_provider_omnihuman.dialogue.length import shortest_speech_s
from airflow_provider_omnihuman.presenters.fields import ENGINES, did_you_mean
from airflow_provider_omnihuman.speech.sentences import is_speakable

__all__ = ["Dialogue", "Line", "Speaker", "checked_seed", "read_script"]

_LONGEST_PAUSE_S = 30.0
_MAX_SEED = 2**63 - 1
_TEXTS = ("speaker", "text", "voice", "engine", "prompt", "presenter")


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """One who speaks; what is None is left to the engine, the service, or the presenter.

    :param name: as the lines name them
    :param voice: by the engine's own name
    :param engine: which engine speaks
    :param prompt: for all their lines that have none
    :param seed: likewise
    :param presenter: whose voice and prompt fill what is not said here
    :param subject: which one of the picture they are, counted from left to right, from 1
    """

    name: str
    voice: str | None = None
    engine: str | None = None
    prompt: str | None = None
    seed: int | None = None
    presenter: str | None = None
    subject: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one says.

    :param number: of the line, from 1
    :param speaker: who says it
    :param text: what is said
    :param voice: in place of the speaker's, as the others
    :param pause_s: silence after it, in seconds; None for the dialogue's
    """

    number: int
    speaker: str
    text: str
    voice: str | None = None
    engine: str | None = None
    prompt: str | None = None
    seed: int | None = None
    pause_s: float | None = None


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A script that was understood.

    :param lines: in order
    :param speakers: those who speak, in the order in which they first do; then those who are only named
    """

    lines: tuple[Line, ...]
    speakers: tuple[Speaker, ...]

    def speaker(self, name: str) -> Speaker:
        """Return who has that name."""
        return next(speaker for speaker in self.speakers if speaker.name == name)

    def lines_of(self, speaker: Speaker) -> int:
        """Return how many lines one has."""
        return sum(line.speaker == speaker.name for line in self.lines)


_SPEAKER_FIELDS = tuple(field.name for field in fields(Speaker) if field.name != "name")
_LINE_FIELDS = ("speaker", "text", "voice", "engine", "prompt", "seed", "pause")
_SCRIPT_FIELDS = ("speakers", "lines")
_QUOTES = "put it into quotes"


def read_script(document: Any, *, speakers: Mapping[str, Any] | None = None) -> Dialogue:
    """Return the dialogue that a script tells.

    :param document: a list of lines, or a mapping of ``lines`` and ``speakers``
    :param speakers: more about the speakers, by name; wins over what the script says of them, field by field
    :raises InvalidRequestError: names the line and the field
    """
    told, lines = _parts(document)
    more = _by_name(speakers)
    declared = {name: _speaker(name, told.get(name, {}), more.get(name, {})) for name in {**told, **more}}
    read = tuple(_line(number, line, declared) for number, line in enumerate(lines, start=1))
    if not read:
        raise InvalidRequestError("the dialogue has no lines", advice="write at least one: a speaker and a text")
    heard = {line.speaker: declared.get(line.speaker) or Speaker(name=line.speaker) for line in read}
    _refuse_alike([*heard, *(name for name in declared if name not in heard)])
    return Dialogue(read, (*heard.values(), *(speaker for name, speaker in declared.items() if name not in heard)))


def _parts(document: Any) -> tuple[dict[str, Any], Sequence[Any]]:
    """Return what a script tells of its speakers, and its lines."""
    if isinstance(document, Mapping):
        _refuse_unknown(document, _SCRIPT_FIELDS, where="the dialogue")
        told, lines = document.get("speakers"), document.get("lines")
    else:
        told, lines = {}, document
    if isinstance(lines, str | bytes) or not isinstance(lines, Sequence | None):
        raise InvalidRequestError(f"the lines of a dialogue must be a list, not {type(lines).__name__} {shown(lines)}")
    return _by_name(told), lines or []


def _by_name(speakers: Any) -> dict[str, Any]:
    if not isinstance(speakers, Mapping | None):
        raise InvalidRequestError(
            f"the speakers of a dialogue must be a mapping, by their names, not {type(speakers).__name__} {shown(speakers)}"
        )
    named: dict[str, Any] = {}
    for given, told in (speakers or {}).items():
        if not isinstance(given, str):  # YAML reads No as false
            raise InvalidRequestError(f"a speaker's name must be text, not {type(given).__name__} {shown(given)}", advice=_QUOTES)
        if (name := _spelled(given)) in named:
            raise InvalidRequestError(f"speaker {shown(name)} is given twice")
        named[name] = told or {}
    return named


def _speaker(name: str, *told: Any) -> Speaker:
    """Return what the script and the Dag tell of one: the last one wins, field by field."""
    where = f"speaker {shown(name)}"
    given: dict[str, Any] = {}
    for part in told:
        if not isinstance(part, Mapping):
            raise InvalidRequestError(f"{where} must be a mapping of fields, not {type(part).__name__} {shown(part)}")
        _refuse_unknown(part, _SPEAKER_FIELDS, where=where)
        given |= _given(part, where=where)
    if "subject" in given:
        given["subject"] = _number(given["subject"], 1, MAX_MASKS, field="subject", where=where)
    return Speaker(name=name, **given)


def _line(number: int, told: Any, declared: Mapping[str, Speaker]) -> Line:
    where = f"line {number}"
    if not isinstance(told, Mapping):
        raise InvalidRequestError(
            f"{where} must be a mapping of speaker and text, not {type(told).__name__} {shown(told)}",
            advice="write it as {speaker: Anna, text: Good morning.}",
        )
    if len(told) == 1 and (name := _spelled(next(iter(told)))) in declared:  # the short form, `Anna: Good morning.`
        told = {"speaker": name, "text": next(iter(told.values()))}
    elif declared and len(told) == 1 and name not in _LINE_FIELDS:
        raise _unknown_speaker(name, declared, where=where)
    _refuse_unknown(told, _LINE_FIELDS, where=where)
    for field in ("speaker", "text"):
        if told.get(field) is None or (isinstance(told[field], str) and not told[field].strip()):
            raise InvalidRequestError(f"{where}: {field} is {'empty' if field in told else 'missing'}")
    given = _given(told, where=where)
    where = f"{where} ({given['speaker']})"
    if declared and given["speaker"] not in declared:
        raise _unknown_speaker(given["speaker"], declared, where=f"line {number}")
    if not is_speakable(given["text"]):  # engines refuse it, when the other lines are rendered, and paid for, already
        raise InvalidRequestError(f"{where}: there is nothing to say in {shown(given['text'])}", advice="use the pause of a line")
    _refuse_long(given["text"], where=where)
    if "pause" in given:
        given["pause_s"] = _number(given.pop("pause"), 0, _LONGEST_PAUSE_S, field="pause", where=where, what="seconds")
    return Line(number=number, **given)


def _given(told: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    """Return the fields that are not null; texts are checked and stripped."""
    given = {name: value for name, value in told.items() if value is not None}
    for name in _TEXTS:
        value = given.get(name, "")
        if not isinstance(value, str):
            raise InvalidRequestError(f"{where}: {name} must be text, not {type(value).__name__} {shown(value)}", advice=_QUOTES)
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise InvalidRequestError(f"{where}: {name} holds half a character (a lone surrogate)", advice="decode it as UTF-8")
        if name in given:
            given[name] = _spelled(value) if name == "speaker" else value.strip()
    if given.get("engine") and given["engine"] not in ENGINES:
        raise InvalidRequestError(
            f"{where}: there is no speech engine {shown(given['engine'])}{did_you_mean(given['engine'], ENGINES)}",
            advice=f"use one of {', '.join(ENGINES)}",
        )
    if "seed" in given:
        given["seed"] = checked_seed(given["seed"], where=where)
    return {name: value for name, value in given.items() if value != ""}


def checked_seed(value: Any, *, where: str) -> int:
    """Return a seed that the service takes.

    :param value: as it was given
    :param where: whose it is, for the message
    :raises InvalidRequestError: it is none
    """
    seed: int = _number(value, -1, _MAX_SEED, field="seed", where=where)
    return seed


def _spelled(name: Any) -> Any:
    """Return a name as it is compared: one that looks the same is the same, however its accents and spaces are encoded."""
    return " ".join(unicodedata.normalize("NFC", name).split()) if isinstance(name, str) else name


def _refuse_alike(names: Iterable[str]) -> None:
    """Refuse two names that are one, written in two ways: they would be two people in the picture."""
    seen: dict[str, str] = {}
    for name in names:
        letters = unicodedata.normalize("NFKC", "".join(one for one in name if unicodedata.category(one) != "Cf")).casefold()
        if (other := seen.setdefault(letters, name)) != name:
            raise InvalidRequestError(
                f"speakers {other!r} and {name!r} differ by capitals, or by what cannot be seen, alone",
                advice="write a speaker's name in one way",
            )


def _number(value: Any, least: int, most: float, *, field: str, where: str, what: str = "a whole number") -> Any:
    kinds = (int,) if what == "a whole number" else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
        raise InvalidRequestError(f"{where}: {field} must be {what} from {least} to {most:g}, not {shown(value)}")
    return value


def _refuse_unknown(told: Mapping[Any, Any], known: Sequence[str], *, where: str) -> None:
    for name in told:
        if name not in known:
            raise InvalidRequestError(
                f"{where} has an unknown field {shown(name)}{did_you_mean(name, known)}",
                advice=f"known are {', '.join(known)}",
            )


def _unknown_speaker(name: Any, declared: Mapping[str, Speaker], *, where: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"{where}: there is no speaker {shown(name)}{did_you_mean(name, declared)}", advice=f"there are {', '.join(declared)}"
    )


def _refuse_long(text: str, *, where: str) -> None:
    """Refuse what no voice says in a minute: the service would, when the other lines are rendered, and paid for, already."""
    seconds = shortest_speech_s(text)
    if seconds >= MAX_AUDIO_S:
        raise InvalidRequestError(
            f"{where}: {len(text)} characters take {seconds:.0f} s or more to say; OmniHuman takes less than {MAX_AUDIO_S:.0f} s",
            advice="make two lines of it",
        )
