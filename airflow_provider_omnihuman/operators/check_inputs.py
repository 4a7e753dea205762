"""What the check operator is given, read: which checks, which limits, what the film should be, and what it was made of."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_omnihuman.api.download import Patience
from airflow_provider_omnihuman.api.errors import DeadUrlError, InvalidRequestError, OmniHumanError
from airflow_provider_omnihuman.api.urls import scrub, shown
from airflow_provider_omnihuman.archive.errors import refused_by_s3
from airflow_provider_omnihuman.archive.fetching import fetch
from airflow_provider_omnihuman.media.errors import MediaError
from airflow_provider_omnihuman.media.quality.expected import Expected, Limits
from airflow_provider_omnihuman.media.quality.finding import Check
from airflow_provider_omnihuman.media.quality.given_audio import PlacedAudio
from airflow_provider_omnihuman.media.quality.likeness import Look, look_at_portrait
from airflow_provider_omnihuman.operators.parameters import aigc_meta_of, is_nothing, optional_integer, optional_text, url_list

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["Materials", "checks_of", "expected_of", "limits_of"]

log = logging.getLogger(__name__)

T = TypeVar("T")


def checks_of(value: Any) -> frozenset[Check]:
    """Return the checks that are named; empty where none is.

    :param value: names, as a list, as its JSON text, or one name
    :raises InvalidRequestError: there is no such check
    """
    names = url_list(value, field="checks")  # read as lists of URLs are: a list, its JSON, or one text
    if unknown := [name for name in names if name not in list(Check)]:
        raise InvalidRequestError(f"checks has {shown(unknown[0])}, which is none of {', '.join(Check)}")
    return frozenset(Check(name) for name in names)


def limits_of(value: Any) -> Limits:
    """Return the limits, those that are given in place of the usual ones.

    :param value: a mapping by the names of :class:`Limits`, or its JSON text; a limit that rendered to nothing is the usual one
    :raises InvalidRequestError: there is no such limit, or it is no number
    """
    given = _mapping(value, field="limits")
    known = {field.name for field in fields(Limits)}
    if unknown := [name for name in given if name not in known]:
        raise InvalidRequestError(f"limits has {shown(unknown[0])}, which is none of {', '.join(sorted(known))}")
    return Limits(**{name: _number(limit, field=f"limits[{name!r}]") for name, limit in given.items() if not is_nothing(limit)})


def _mapping(value: Any, *, field: str) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = None if is_nothing(value) else json.loads(value)
        except (ValueError, RecursionError) as error:
            raise InvalidRequestError(f"{field} is not JSON: {error}") from error
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidRequestError(f"{field} must be a mapping, not {type(value).__name__}")
    return dict(value)


def expected_of(arguments: Mapping[str, Any], asked: Mapping[str, Any], *, materials: Materials) -> Expected:
    """Return what the film should be: what was given to the operator, else what was asked for when it was made.

    :param arguments: the operator's, rendered
    :param asked: the request's facts, with ``aigc_meta``
    :param materials: has been asked for audio and portraits
    :raises InvalidRequestError: names the argument and its value
    """
    side = arguments["output_resolution"] if arguments["output_resolution"] is not None else asked.get("output_resolution")
    label = aigc_meta_of(arguments["aigc_meta"]) or aigc_meta_of(asked.get("aigc_meta"))
    audio_s = asked.get("audio_duration_s")
    return Expected(
        short_side=optional_integer(side, field="output_resolution"),
        fps=None if is_nothing(arguments["fps"]) else _number(arguments["fps"], field="fps"),
        audio_s=audio_s if isinstance(audio_s, int | float) and not isinstance(audio_s, bool) else None,
        aigc_meta=label.to_dict() if label else None,
        pauses=asked.get("pauses") or (),
        no_audio=materials.no_audio,
        no_portrait=materials.no_portrait,
    )


def _number(value: Any, *, field: str) -> float:
    number = math.nan
    if not isinstance(value, bool):
        with suppress(TypeError, ValueError):
            number = float(value)
    if math.isnan(number):  # with which nothing compares: a check would let everything through
        raise InvalidRequestError(f"{field} must be a number, not {shown(value)}")
    return number


@dataclass(kw_only=True, slots=True)
class Materials:
    """What the film was made of, brought to this machine.

    What the operator was given must be there. What is only known from the manifest may be gone since, and then is not compared.

    :param hook: to S3
    :param folder: where the files go
    :param patience: how long a download is tried
    """

    hook: S3Hook
    folder: Path
    patience: Patience
    no_audio: str = "no audio_url is known"
    no_portrait: str = "no image_url is known"

    def audio(self, given: Any, recorded: Any) -> Path | list[PlacedAudio] | None:
        """Return the audio's file, or of a joined film those of its clips; None where there is none: ``no_audio`` says why.

        :param given: the operator's argument
        :param recorded: the manifest's
        """
        if url := optional_text(given, field="audio_url"):
            return self._file(url, field="audio_url")
        found: Path | list[PlacedAudio] | None = None
        if isinstance(recorded, list) and recorded:
            found, self.no_audio = self._perhaps(lambda: [self._placed(part) for part in recorded])
        elif isinstance(recorded, str) and recorded:
            found, self.no_audio = self._perhaps(lambda: self._file(recorded, field="audio_url"))
        return found

    def _placed(self, part: Mapping[str, Any]) -> PlacedAudio:
        url = part["audio_url"]
        source = self._file(url, field="audio_url") if url else None
        return PlacedAudio(source, part["start_s"], part["duration_s"])

    def portraits(self, given: Any, recorded: Any) -> list[Look]:
        """Return what the portraits look like; none where one of them is missing, for which ``no_portrait`` has the reason.

        :param given: the operator's argument, one or several
        :param recorded: the manifest's, likewise
        """
        if urls := url_list(given, field="image_url"):
            return [self._look(url) for url in urls]
        if not recorded or not isinstance(recorded, str | list):
            return []
        found, self.no_portrait = self._perhaps(lambda: [self._look(url) for url in url_list(recorded, field="image_url")])
        return found or []

    def _look(self, url: str) -> Look:
        with self._file(url, field="image_url").open("rb") as file:
            return look_at_portrait(file)

    def _perhaps(self, bring: Callable[[], T]) -> tuple[T | None, str]:
        """Return what is brought, or why there is nothing; what may pass is raised, for a retry."""
        try:
            return bring(), ""
        except Exception as error:
            if not _is_gone(error):
                raise
            reason = scrub(str(error))
            log.warning("Not all can be compared: %s", reason)
            return None, reason

    def _file(self, url: str, *, field: str) -> Path:
        path = self.folder / f"{field}-{len(list(self.folder.iterdir()))}"
        with path.open("w+b") as file:
            fetch(url, file, hook=self.hook, field=field, patience=self.patience)
        return path


def _is_gone(error: Exception) -> bool:
    """Whether the next try would not find it either."""
    if isinstance(error, OmniHumanError):
        return isinstance(error, DeadUrlError) or not error.retryable
    return isinstance(error, MediaError) or refused_by_s3(error) is not None
