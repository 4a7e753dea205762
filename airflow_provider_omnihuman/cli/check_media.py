"""Checks of one request's inputs: those that the operators make before a submit."""

from __future__ import annotations

from airflow_provider_omnihuman.api.submitting import check_reach
from airflow_provider_omnihuman.api.urls import without_query
from airflow_provider_omnihuman.cli.findings import Finding, ok, skipped
from airflow_provider_omnihuman.cli.inputs import media_inputs, refuse_local_files

__all__ = ["check_audio", "check_portrait"]


def check_portrait(image: str | None, *, aws_conn_id: str, endpoint: str | None) -> Finding:
    """The service would take the portrait.

    :param image: its URL; None where none was given
    :param aws_conn_id: the connection to S3
    :param endpoint: of the service
    """
    if not image:
        return skipped("--image URL checks one")
    url = _reachable(image, field="--image", aws_conn_id=aws_conn_id, endpoint=endpoint)
    media_inputs(aws_conn_id).check_image(url, shown=without_query(image), field="--image")
    return ok(f"{without_query(image)} is sound")


def check_audio(audio: str | None, *, aws_conn_id: str, endpoint: str | None) -> Finding:
    """The service would take the audio. Arguments as of :func:`check_portrait`."""
    if not audio:
        return skipped("--audio URL checks one")
    url = _reachable(audio, field="--audio", aws_conn_id=aws_conn_id, endpoint=endpoint)
    length_s = media_inputs(aws_conn_id).check_audio(url, shown=without_query(audio), field="--audio")
    if length_s is None:
        return skipped(f"{without_query(audio)} cannot be read from here; the service may")
    return ok(f"{without_query(audio)} lasts {length_s:.1f} s")


def _reachable(value: str, *, field: str, aws_conn_id: str, endpoint: str | None) -> str:
    refuse_local_files([(field, value)])
    url = media_inputs(aws_conn_id).url(value, field=field)
    if endpoint:
        check_reach({field: url}, endpoint=endpoint)
    return url
