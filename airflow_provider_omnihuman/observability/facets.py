"""The facet of our own in OpenLineage events; imported only where its client is installed."""

from __future__ import annotations

from attrs import define
from openlineage.client.facet_v2 import RunFacet

__all__ = ["OmniHumanRenderRunFacet"]


@define(kw_only=True)
class OmniHumanRenderRunFacet(RunFacet):
    """How a video is, or was, rendered; under the key ``omnihuman_render``. What is not known is null.

    The prompt itself stays in the archive's manifest, beside the video: who may see lineage need not be who may read scripts.

    :param taskId: of the service
    :param requestId: of the reply that accepted it
    :param fingerprint: equal exactly where the same video would be rendered again
    :param site: mainland or international
    :param reqKey: the model
    :param connectionId: the Airflow connection
    :param outputResolution: 720 or 1080
    :param fastMode: faster, at the cost of quality
    :param seed: −1: a random one
    :param promptLength: characters
    :param audioSeconds: length of the speech, each second of which is billed
    :param estimatedCost: by the connection's ``price_per_second``
    :param currency: of that
    :param submittedAt: ISO 8601
    :param reused: an archived video was used again, and nothing was rendered
    """

    # OpenLineage's facets are in camel case.
    taskId: str | None = None  # noqa: N815
    requestId: str | None = None  # noqa: N815
    fingerprint: str | None = None
    site: str | None = None
    reqKey: str | None = None  # noqa: N815
    connectionId: str | None = None  # noqa: N815
    outputResolution: int | None = None  # noqa: N815
    fastMode: bool | None = None  # noqa: N815
    seed: int | None = None
    promptLength: int = 0  # noqa: N815
    audioSeconds: float | None = None  # noqa: N815
    estimatedCost: float | None = None  # noqa: N815
    currency: str | None = None
    submittedAt: str | None = None  # noqa: N815
    reused: bool = False
