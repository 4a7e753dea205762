"""An operator that tells OpenLineage what it read and wrote; costs nothing where OpenLineage is not installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

__all__ = ["LineageSource"]

_GIVEN = ("image_url", "audio_url", "mask_url", "prompt", "seed", "output_resolution", "pe_fast_mode", "omnihuman_conn_id")


class LineageSource:
    """Remembers, in the process that ends the task, what its run was about."""

    archives: ClassVar[bool] = False
    """Whether it archives a video that another one rendered."""
    rendered: Mapping[str, Any] | None = None
    """The request's facts, as under the XCom key ``request``; None where the run did not come that far."""
    archived: Mapping[str, Any] | None = None
    """What the archive operator returns."""

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> OperatorLineage[Any, Any] | None:  # noqa: ARG002 - given
        """Return datasets and facets; OpenLineage's provider calls this where it is installed."""
        from airflow_provider_omnihuman.observability.lineage import lineage_of

        return lineage_of(self.rendered or self._given(), archives=self.archives, archived=self.archived)

    def get_openlineage_facets_on_failure(self, task_instance: Any) -> OperatorLineage[Any, Any] | None:
        """Return what is known of a run that failed, which wrote nothing."""
        lineage = self.get_openlineage_facets_on_complete(task_instance)
        if lineage:
            lineage.outputs = []
        return lineage

    def _given(self) -> dict[str, Any]:
        """Return the operator's arguments, rendered, for a run that failed before it knew more."""
        return {name: value for name in _GIVEN if (value := getattr(self, name, None)) is not None}
