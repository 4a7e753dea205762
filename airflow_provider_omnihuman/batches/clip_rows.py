"""From rows to what is to be rendered: columns become fields, scripts are filled in, each row gets its name."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError, OmniHumanError
from airflow_provider_omnihuman.api.urls import check_media_url, shown
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.batches.rows import Row, is_empty
from airflow_provider_omnihuman.batches.script import Script
from airflow_provider_omnihuman.presenters.presenter import DEFAULT_SEED

__all__ = ["ROW_FIELDS", "RowRules", "clip_rows", "usable_clip"]

_TEXTS = ("text", "voice", "engine", "prompt", "presenter")
_SPOKEN = ("text", "voice", "engine")
_URLS = ("audio_url", "image_url")
ROW_FIELDS = (*_TEXTS, *_URLS, "mask_url", "seed")
"""What a column may say of a clip; other columns are there for the script."""
_TOLD = ("id", "own_id", "number", "name", "problem", "take_of")
_ID_COLUMNS = ("id", "key")
_MAX_ID_CHARACTERS = 200
_SHORT_HASH = 8
_WHOLE_NUMBER = re.compile(r"-?\d{1,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRules:
    """How rows are read.

    :param speak: each has a text that is to be spoken; else the URL of its audio
    :param columns: which field a column is, where it has another name: ``{"Photo": "image_url"}``
    :param defaults: fields for rows that do not have them, and name no presenter of their own
    :param script: in place of a column ``text``
    :param id_column: whose values name the rows; None: ``id`` or ``key``, where there is one
    :param seed_of: the seed that a presenter brings along, by its name; None where it has none; may raise
    """

    speak: bool = True
    columns: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    script: Script | None = None
    id_column: str | None = None
    seed_of: Callable[[str], int | None] = lambda presenter: None  # noqa: ARG005 - a presenter that nobody can look up

    def __post_init__(self) -> None:
        for name in ("columns", "defaults"):
            if not isinstance(given := getattr(self, name), Mapping):
                raise InvalidRequestError(f"{name} must be a mapping, not {type(given).__name__} {shown(given)}")
        if unknown := sorted({*self.columns.values(), *self.defaults} - {*ROW_FIELDS, "id"}):
            raise InvalidRequestError(
                f"columns names the field {', '.join(unknown)}, which no row has", advice=f"it has {', '.join(ROW_FIELDS)}"
            )
        for name, value in self.defaults.items():
            if not is_empty(value):
                _checked(name, value)


def clip_rows(rows: Iterable[Row], rules: RowRules) -> list[dict[str, Any]]:
    """Return each row as what is to be rendered; one that cannot be used has a ``problem``, and fails alone.

    :param rows: as they were read
    :param rules: what is what
    :return: mappings with ``id``, ``own_id``, ``number``, ``name``, ``problem``, ``take_of`` and what is given of ``ROW_FIELDS``
    :raises InvalidRequestError: no row has a column that the rules name
    """
    clips: list[dict[str, Any]] = []
    first_of: dict[str, str] = {}
    columns: dict[str, None] = {}  # in their order
    for row in rows:
        columns |= dict.fromkeys(row.cells)
        clip = _clip(row, rules)
        if (first := first_of.setdefault(clip["own_id"] or _hash(row), row.name)) != row.name:
            clip = _second(clip, first)
        clips.append(clip)
    _check_columns(columns, rules)
    return clips


def usable_clip(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a clip, its id as its name.

    :param row: as of :func:`clip_rows`
    :raises InvalidRequestError: it has a problem
    """
    if row["problem"]:
        raise InvalidRequestError(row["problem"], advice="nothing was paid for it: mend the row, and run the batch again")
    not_for_it = (*_TOLD, *(_SPOKEN if row.get("audio_url") else ()))
    return {"name": row["id"], **{name: value for name, value in row.items() if name not in not_for_it}}


def _second(clip: dict[str, Any], first: str) -> dict[str, Any]:
    """Return the clip of a row that has the id of another one, or that is the same in all its cells."""
    if clip["own_id"]:
        told = f"{clip['name']}: its id {shown(clip['own_id'])} is that of {first}"
        return {**clip, "id": f"{clip['id']} ({clip['number']})", "problem": clip["problem"] or told}
    if clip.get("seed") == -1:  # each time another video
        return clip
    told = f"{clip['name']}: it is the same as {first}, and would be paid for twice: leave it out, or give each an id"
    return {**clip, "problem": clip["problem"] or told}


def _check_columns(columns: Mapping[str, None], rules: RowRules) -> None:
    """Refuse the name of a column that is in no row: what it was meant for would be taken from elsewhere, and paid for."""
    named = [*rules.columns, *([rules.id_column] if rules.id_column else [])]
    if columns and (absent := [name for name in named if name not in columns]):
        raise InvalidRequestError(f"no row has a column {', '.join(map(repr, absent))}", advice=f"there are {', '.join(columns)}")


def _clip(row: Row, rules: RowRules) -> dict[str, Any]:
    """Return one row's clip, with all that is wrong with it."""
    fields, problems = _fields(row, rules) if not row.problem else ({}, [f"{row.name}: {row.problem}"])
    own_id = _own_id(row, rules)
    return {
        "id": own_id or f"{row.number}-{_hash(row)[:_SHORT_HASH]}",
        "own_id": own_id,
        "number": row.number,
        "name": row.name,
        "take_of": _take_of(row),
        "problem": "; ".join(problems) or None,
        # Beside a problem, only what the report shows of the row.
        **({name: value for name, value in fields.items() if name == "text"} if problems else fields),
    }


def _fields(row: Row, rules: RowRules) -> tuple[dict[str, Any], list[str]]:
    """Return the fields that a row has, and what is wrong with them."""
    given = _given(row, rules)
    fields: dict[str, Any] = {}
    problems: list[str] = []
    for name, (column, value) in given.items():
        try:
            fields[name] = _checked(name, value)
        except OmniHumanError as error:
            problems.append(f"{row.name}, column {column!r}: {error}")
    if rules.script:
        try:
            fields["text"] = _checked("text", rules.script.fill(row.cells))
        except OmniHumanError as error:
            problems.append(f"{row.name}: {error}")
    if "presenter" not in fields:  # a row that names its own is presented by that one, face, voice and all
        fields = {**{name: value for name, value in rules.defaults.items() if not is_empty(value)}, **fields}
    if not problems:
        problems = [f"{row.name}: {missing}" for missing in _missing(fields, rules)]
    try:
        fields |= _seed_for(fields, rules)
    except OmniHumanError as error:
        problems.append(f"{row.name}: {error}")
    return fields, problems


def _seed_for(fields: Mapping[str, Any], rules: RowRules) -> dict[str, int]:
    """Return the seed of a row that says none: its presenter's, or a fixed one, so that an unchanged row is not paid again."""
    presenter = fields.get("presenter")
    if "seed" in fields or (presenter and rules.seed_of(presenter) is not None):
        return {}
    return {"seed": DEFAULT_SEED}


def _given(row: Row, rules: RowRules) -> dict[str, tuple[str, Any]]:
    """Return column and value by field; what is empty is not given."""
    found = {}
    # What the Dag says of a column comes last, and wins over a column that has the field's own name.
    for column, value in sorted(row.cells.items(), key=lambda cell: cell[0] in rules.columns):
        name = rules.columns.get(column, column)
        if name in ROW_FIELDS and not is_empty(value) and not (name == "text" and rules.script):
            found[name] = (column, value)
    return found


def _missing(fields: Mapping[str, Any], rules: RowRules) -> list[str]:
    spoken = "text" if rules.speak else "audio_url"
    missing = [] if fields.get(spoken) else [f"it has no {spoken}"]
    if rules.speak and fields.get("audio_url"):
        missing.append("it has an audio_url, and the rows of this batch are spoken: speak=False takes audio")
    if not fields.get("image_url") and not fields.get("presenter"):
        missing.append("it has neither an image_url nor a presenter")
    return missing


def _checked(name: str, value: Any) -> Any:
    """Return a value as its field takes it.

    :raises OmniHumanError: it does not; shows the value
    """
    if name == "seed":
        return _seed(value)
    if name == "mask_url":
        masks = [part.strip() for part in value.split()] if isinstance(value, str) else value
        if not isinstance(masks, list):
            raise InvalidRequestError(f"mask_url must be a URL or a list of them, not {shown(value)}")
        return [_url(mask, name) for mask in masks]
    if not isinstance(value, str):
        raise InvalidRequestError(f"{name} must be text, not {type(value).__name__} {shown(value)}")
    text = value.strip()
    if not text:
        raise InvalidRequestError(f"{name} is empty")
    return _url(text, name) if name in _URLS else text


def _url(value: Any, name: str) -> str:
    if isinstance(value, str) and value.lower().startswith("s3://"):
        if not S3Location.from_uri(value, field=name).key:
            raise InvalidRequestError(f"{name} must name an object, s3://bucket/key, not {shown(value)}")
        return value
    return check_media_url(value, field=name)


def _seed(value: Any) -> int:
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    if isinstance(value, bool) or not _WHOLE_NUMBER.fullmatch(text) or int(text) < -1:
        raise InvalidRequestError(f"seed must be a whole number of -1 or more, not {shown(value)}")
    return int(text)


def _take_of(row: Row) -> str | None:
    """Return which row it is a take of, as :func:`takes` says it."""
    value = row.cells.get("take_of")
    return None if is_empty(value) else str(value)[:_MAX_ID_CHARACTERS]


def _own_id(row: Row, rules: RowRules) -> str | None:
    """Return what its own column calls the row, in each run; None where it says nothing."""
    by_field = [column for column, name in rules.columns.items() if name == "id"]
    for column in [rules.id_column] if rules.id_column else [*by_field, *_ID_COLUMNS]:
        value = row.cells.get(column)
        if not is_empty(value) and not isinstance(value, list | dict):
            return str(value).strip()[:_MAX_ID_CHARACTERS]
    return None


def _hash(row: Row) -> str:
    """Return what is the same for rows of the same cells; one that could not be read is like no other."""
    content = [row.cells, row.number if row.problem else None]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
