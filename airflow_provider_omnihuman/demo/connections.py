"""The Airflow connections of the demo: the only thing that differs from going live."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.connection_forms import CONNECTION_FORMS
from airflow_provider_omnihuman.demo.object_store import BUCKET, CLIENT_SETTINGS, REGION

if TYPE_CHECKING:
    from airflow_provider_omnihuman.demo.credentials import Credentials


def demo_connections(credentials: Credentials, *, emulator_url: str, s3_url: str) -> list[dict[str, Any]]:
    """Return the bodies for ``POST /api/v2/connections``.

    :param credentials: the keys that emulator and store accept.
    :param emulator_url: where both the avatar and the speech API answer.
    :param s3_url: where the object store answers.
    """
    return [
        _connection(
            "omnihuman_default",
            "omnihuman",
            login=credentials.access_key,
            password=credentials.secret_key,
            extra={"endpoint": emulator_url, "session_token": credentials.session_token},
        ),
        _connection(
            "doubao_speech_default",
            "doubao_speech",
            password=credentials.speech_api_key,
            extra={"endpoint": emulator_url, "resource_id": "seed-tts-2.0"},
        ),
        _connection(
            "aws_default",
            "aws",
            login=credentials.s3_access_key,
            password=credentials.s3_secret_key,
            extra={
                "endpoint_url": s3_url,
                "region_name": REGION,
                "config_kwargs": CLIENT_SETTINGS,
                # Without its own endpoint, the connection form's Test button would ask Amazon.
                "service_config": {"s3": {"bucket_name": BUCKET}, "sts": {"endpoint_url": s3_url}},
            },
        ),
    ]


def _connection(connection_id: str, conn_type: str, *, extra: dict[str, Any], **fields: str) -> dict[str, Any]:
    form = CONNECTION_FORMS.get(conn_type)
    unset = dict.fromkeys(form.fields) if form else {}
    return {
        "connection_id": connection_id,
        "conn_type": conn_type,
        # Airflow 3.3 shows only those of the form's fields that the stored extra has.
        "extra": json.dumps({**unset, **extra}),
        # Without a port, Airflow 3.3's Test button compares its own 0 with nothing, and refuses.
        "port": 0,
        **fields,
    }
