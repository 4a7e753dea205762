"""The quality gate of an archived video: its file checked against its manifest, and how that is told."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.media.errors import MediaError
from airflow_provider_omnihuman.media.quality.expected import Expected, Limits
from airflow_provider_omnihuman.media.quality.finding import Check, Finding, demanded
from airflow_provider_omnihuman.media.quality.judging import judge, judge_unreadable
from airflow_provider_omnihuman.media.quality.measuring import measure

if TYPE_CHECKING:
    from airflow_provider_omnihuman.archive.location import S3Location
    from airflow_provider_omnihuman.media.quality.given_audio import PlacedAudio
    from airflow_provider_omnihuman.media.quality.likeness import Look

__all__ = ["asked_of", "check_file", "failure_text", "findings_text", "in_xcom"]

_MARKS = {True: "✓", False: "✗", None: "–"}


def asked_of(request: Mapping[str, Any], manifest: Mapping[str, Any] | None, clips: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was asked for when the film was made: the request's facts, and for what they do not tell the manifest's.

    :param request: as it was given
    :param manifest: beside the video; None where there is none
    :param clips: as of :func:`made_of_clips`
    """
    recorded: dict[str, Any] = {}
    if manifest:
        recorded = dict(manifest["request"]) if isinstance(manifest.get("request"), dict) else {}
        label = manifest["aigc_label"].get("requested")
        recorded["aigc_meta"] = label if isinstance(label, dict) else None
    return recorded | dict(clips) | {name: value for name, value in request.items() if value is not None}


def check_file(
    film: Path,
    *,
    audio: Path | Sequence[PlacedAudio] | None,
    portraits: Sequence[Look],
    expected: Expected,
    limits: Limits,
    named: Collection[Check],
    sha256: tuple[str, Mapping[str, Any] | None],
    is_audio_given: bool = True,
) -> list[Finding]:
    """Return what was found in a film, in the order of the checks.

    :param film: the file
    :param audio: that it was made for
    :param portraits: that it was made of
    :param expected: what was asked for
    :param limits: how far off it may be
    :param named: the checks that must be run; none for all that can be
    :param sha256: of the file, and the manifest that tells of the one that was archived
    :param is_audio_given: to the operator, and not only told by the manifest: then it must be one that can be read
    :raises MediaError: it cannot
    """
    checks = frozenset(named) or frozenset(Check)
    try:
        measured = measure(film, audio=audio, audio_end_s=expected.audio_s, portraits=portraits, limits=limits, checks=checks)
    except MediaError as error:
        if error.source == film.name:
            return judge_unreadable(error, checks=checks)
        if is_audio_given:
            raise
        expected = replace(expected, no_audio=f"the audio that the manifest tells of {error.message}")
        return check_file(film, audio=None, portraits=portraits, expected=expected, limits=limits, named=named, sha256=sha256)
    findings = [_with_checksum(finding, *sha256) for finding in judge(measured, expected, limits, checks=checks)]
    return demanded(findings, by_name=named)


def _with_checksum(finding: Finding, sha256: str, manifest: Mapping[str, Any] | None) -> Finding:
    """Fail the readable check of a file that is not the one that was archived."""
    if finding.name is not Check.READABLE or manifest is None or manifest["video"]["sha256"] == sha256:
        return finding
    told = "these are not the bytes that were archived, by the checksum in the manifest: somebody has written over the video"
    return replace(finding, passed=False, message=told if finding.passed else f"{told}; {finding.message}")


def in_xcom(findings: Sequence[Finding], video: S3Location, manifest: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the findings as the operator returns them.

    :param findings: of all checks
    :param video: its place
    :param manifest: beside it; None where there is none
    """
    return {
        "passed": all(finding.passed is not False for finding in findings),
        "video_uri": video.uri,
        "manifest_uri": video.sibling(".json").uri if manifest else None,
        "checks": [finding.to_dict() for finding in findings],
    }


def findings_text(uri: str, findings: Sequence[Finding]) -> Iterator[tuple[int, str]]:
    """Yield the lines for the task's log, each with its level.

    :param uri: of the video
    :param findings: of all checks
    """
    counts = {passed: sum(finding.passed is passed for finding in findings) for passed in _MARKS}
    yield logging.INFO, f"Checked {uri}: {counts[True]} passed, {counts[False]} failed, {counts[None]} not run"
    width = max(len(check) for check in Check)
    for finding in findings:
        level = logging.WARNING if finding.passed is False else logging.INFO
        yield level, f"  {_MARKS[finding.passed]} {finding.name:<{width}}  {finding.message}"


def failure_text(found: Mapping[str, Any]) -> str:
    """Return the message for a film that has not passed.

    :param found: as of :func:`in_xcom`
    """
    failed = [check for check in found["checks"] if check["passed"] is False]
    told = "; ".join(f"{check['name']}: {check['message']}" for check in failed)
    return f"{found['video_uri']} failed {len(failed)} of {len(found['checks'])} checks: {told}"
