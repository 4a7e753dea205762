"""Inputs as a person types them: the service fetches them itself, so a file on this machine is told where to go first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from airflow_provider_omnihuman.api.urls import shown
from airflow_provider_omnihuman.cli.answers import Refusal
from airflow_provider_omnihuman.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from airflow_provider_omnihuman.operators.inputs import MediaInputs

__all__ = ["media_inputs", "refuse_local_files"]

_PRESIGNED_S = 24 * 3600.0


def refuse_local_files(inputs: Iterable[tuple[str, str | None]]) -> None:
    """Refuse paths.

    :param inputs: each option with its value
    :raises Refusal: says where to put the file
    """
    for option, value in inputs:
        scheme = (value or "").partition("://")[0].lower() if "://" in (value or "") else ""
        if value is None or (scheme and scheme != "file") or value.lower().startswith("data:"):
            continue  # what else is wrong with it is told by the checks that the operators make
        name = value.rstrip("/").rpartition("/")[2] or "file"
        raise Refusal(
            f"{option} must be an http(s):// or s3:// URL, not {shown(value)}: the service fetches its inputs itself",
            code=ExitCode.BAD_INPUT,
            advice=f"put the file into S3 first, `aws s3 cp {shown(value)[1:-1]} s3://<bucket>/{name}`, and give that s3:// URL",
            facts={"type": "LocalFile"},
        )


def media_inputs(aws_conn_id: str) -> MediaInputs:
    """Return what presigns and checks inputs.

    :param aws_conn_id: the connection to S3
    """
    from airflow_provider_omnihuman.operators.inputs import MediaInputs

    return MediaInputs(aws_conn_id=aws_conn_id, expires_in_s=_PRESIGNED_S)
