"""The implicit label that says "made by AI" inside an MP4 (GB 45438-2025)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.media.container import VIDEO_FORMATS, Source, opened

if TYPE_CHECKING:
    from av.container import InputContainer

AIGC_KEY = "AIGC"
# The fields of GB 45438-2025, and the attribute that holds each.
_FIELDS = {
    "Label": "label",
    "ContentProducer": "content_producer",
    "ProduceID": "produce_id",
    "ReservedCode1": "reserved_code_1",
    "ContentPropagator": "content_propagator",
    "PropagateID": "propagate_id",
    "ReservedCode2": "reserved_code_2",
}
# The names of the API's ``aigc_meta`` (reference page, AIGCMeta), and the standard's for the same.
_ASKED = {
    "producer_id": "ProduceID",
    "content_propagator": "ContentPropagator",
    "content_producer": "ContentProducer",
    "propagate_id": "PropagateID",
}
_SHOWN_CHARACTERS = 300
"""An id has 256 at most."""


@dataclass(frozen=True, slots=True)
class AigcLabel:
    """The label as found. A label that is there and cannot be understood is a label still, with ``problem`` set.

    :param raw: the text under the metadata key ``AIGC``.
    :param problem: why the fields are missing, or ``None``.
    :param label: ``"1"`` for "is made by AI", ``"2"`` for "may be", ``"3"`` for "is suspected to be".
    :param content_producer: who offers the service that made it.
    :param produce_id: the producer's own number for it.
    :param content_propagator: who spreads it.
    :param propagate_id: the propagator's own number for it.
    """

    raw: str
    problem: str | None = None
    label: str | None = None
    content_producer: str | None = None
    produce_id: str | None = None
    reserved_code_1: str | None = None
    content_propagator: str | None = None
    propagate_id: str | None = None
    reserved_code_2: str | None = None


def read_aigc_label(source: Source) -> AigcLabel | None:
    """Return the label of an MP4, or ``None`` where there is none.

    FFmpeg reads both places that a writer may use, ``moov/udta/meta`` and ``moov/meta``.

    :param source: a path, bytes, or a seekable file.
    :raises MediaError: it is no MP4.
    """
    with opened(source, VIDEO_FORMATS, "an MP4 video") as container:
        return label_in(container)


def label_in(container: InputContainer) -> AigcLabel | None:
    """Return the label of a film that is open, or ``None`` where there is none."""
    tags = [container.metadata, *(stream.metadata for stream in container.streams)]
    # An empty one says nothing, and would not be written again.
    raw = next((value for tag in tags for key, value in tag.items() if key.upper() == AIGC_KEY and value.strip()), None)
    return None if raw is None else parse_aigc_label(raw)


def parse_aigc_label(raw: str) -> AigcLabel:
    """Read the JSON of a label, flat or wrapped in ``{"AIGC": …}``."""
    try:
        fields: Any = json.loads(raw)
    except (ValueError, RecursionError):
        return AigcLabel(raw, problem="it is not JSON")
    if isinstance(fields, dict) and AIGC_KEY in fields:
        fields = fields[AIGC_KEY]
    if not isinstance(fields, dict):
        return AigcLabel(raw, problem="it is no JSON object")
    if not fields.keys() & _FIELDS.keys():
        return AigcLabel(raw, problem="it has none of the standard's fields")
    return AigcLabel(raw, **{_FIELDS[key]: str(value) for key, value in fields.items() if key in _FIELDS})


def label_differences(asked: Mapping[str, str] | None, found: AigcLabel | None) -> list[str]:
    """Return how the label that was found differs from what was asked for, field by field; empty where nothing was asked.

    :param asked: under the API's names, such as ``producer_id``
    :param found: in the file; None where there is none
    """
    if not asked:
        return []
    if found is None:
        return ["there is no label in the file"]
    if found.problem:
        return [f"the label in the file cannot be read: {found.problem}"]
    differences = []
    for name, field in _ASKED.items():
        value = getattr(found, _FIELDS[field])
        if asked.get(name) is not None and asked[name] != value:
            is_there = "is missing" if value is None else f"is {value[:_SHOWN_CHARACTERS]!r}"
            differences.append(f"{field} {is_there}, asked for was {name} {asked[name]!r}")
    return differences


def label_text(asked: Mapping[str, str]) -> str:
    """Return the JSON of the label that these ids make, as GB 45438-2025 has it.

    :param asked: under the API's names, such as ``producer_id``
    """
    ids = {field: asked.get(name) or "" for name, field in _ASKED.items()}
    return json.dumps({name: {"Label": "1", **ids}.get(name, "") for name in _FIELDS}, ensure_ascii=False)


def label_of_all(labels: Sequence[AigcLabel | None]) -> tuple[str | None, str | None]:
    """Return the text of the label for a film made of clips, and what is to be told of it.

    One clip that is labelled makes the whole film one that is to be labelled. Where labels differ, it is the first one that can
    be read.

    :param labels: of the clips, in their order
    """
    found = [label for label in labels if label]
    if not found:
        return None, None
    kept = next((label for label in found if label.problem is None), found[0])
    told = []
    if len({replace(label, raw="" if label.problem is None else label.raw) for label in found}) > 1:
        which = "first one's" if kept is found[0] else "first one's that can be read"
        told.append(f"the clips' AIGC labels differ, and the film has the {which}")
    if lacking := len(labels) - len(found):
        told.append(f"{lacking} of {len(labels)} clips have no AIGC label, and the film has that of the others")
    return kept.raw, "; ".join(told) or None
