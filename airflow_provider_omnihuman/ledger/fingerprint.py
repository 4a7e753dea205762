"""The fingerprint of a request: equal exactly where the same video would be rendered again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from airflow_provider_omnihuman.api.models import VideoRequest

__all__ = ["fingerprint_of"]


def fingerprint_of(request: VideoRequest, *, identities: Mapping[str, str], conn_id: str, endpoint: str, req_key: str) -> str:
    """Return the fingerprint, 64 hexadecimal digits.

    The AIGC label is no part of it: it is asked for with the result, and the same job delivers with and without.

    :param request: as it would be sent
    :param identities: what stands for each of its URLs, by the names of ``request.urls``: a presigned URL differs at each
        try, the object behind it does not
    :param conn_id: the connection: another account has other jobs
    :param endpoint: base URL of the service: what an emulator made is no video of the live service
    :param req_key: the model and its version
    """
    parameters = {name: value for name, value in request.to_body().items() if name not in {"image_url", "audio_url", "mask_url"}}
    inputs = {name: identities[name] for name in request.urls}
    document = {"conn_id": conn_id, "endpoint": endpoint, "req_key": req_key, "inputs": inputs, **parameters}
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
