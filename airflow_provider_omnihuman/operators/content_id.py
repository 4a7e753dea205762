"""The id of a video's content, for its AIGC label: the same whenever the same video is asked for, another one for any other."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from airflow_provider_omnihuman.operators.parameters import aigc_meta_of
from airflow_provider_omnihuman.presenters.templating import CONTENT_ID

__all__ = ["content_id_of", "names_content", "with_content_id"]

_TASK = ("dag_id", "run_id", "task_id", "map_index")


def content_id_of(fingerprint: str, *, is_random: bool, context: Mapping[str, Any]) -> str:
    """Return the id, 64 hexadecimal digits: the request's fingerprint, or one of this task where each render is another video.

    :param fingerprint: of the request, of which the label is no part
    :param is_random: no seed is fixed, so that two renders of the request are two videos
    :param context: the task's
    """
    if not is_random:
        return fingerprint
    own = [str(getattr(context["ti"], name, None)) for name in _TASK]
    return hashlib.sha256("\n".join([fingerprint, *own]).encode()).hexdigest()


def names_content(label: Any) -> bool:
    """Whether a label, as it was given, has a place for the id."""
    return CONTENT_ID in str(label)


def with_content_id(label: Any, content_id: str) -> dict[str, str] | None:
    """Return a label with the id where it is named; None where there is no label.

    :param label: as it was given
    :param content_id: of :func:`content_id_of`
    :raises InvalidRequestError: names the field, such as one that has become too long
    """
    given = aigc_meta_of(label)
    if given is None:
        return None
    named = aigc_meta_of({name: value.replace(CONTENT_ID, content_id) for name, value in given.to_dict().items()})
    return named.to_dict() if named else None
