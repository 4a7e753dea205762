"""What to do when the AIGC label in the file is not the one that was asked for."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from enum import StrEnum

from airflow_provider_omnihuman.api.error_codes import Retry
from airflow_provider_omnihuman.archive.errors import LabelMismatchError

__all__ = ["LabelPolicy"]

log = logging.getLogger(__name__)


class LabelPolicy(StrEnum):
    """``aigc_label`` of the archive operator."""

    WARN = "warn"
    """Tell of the differences. The default: where the vendor writes the label is not documented."""
    REQUIRE = "require"
    """Fail the task, once the video is safe."""
    OFF = "off"
    """Say nothing; the manifest tells."""

    @classmethod
    def of(cls, value: object) -> LabelPolicy:
        """Read an operator's argument.

        :raises ValueError: names the argument and what it may be
        """
        if value not in list(cls):
            raise ValueError(f"aigc_label must be one of {', '.join(map(repr, map(str, cls)))}, not {value!r}")
        return cls(str(value))

    def apply(self, differences: Sequence[str], *, uri: str, may_be_tagged_yet: bool, advice: str) -> None:
        """Tell of the differences, or raise, as the policy says; nothing where there are none.

        :param differences: between the label that was asked for and the one in the file
        :param uri: of the archived video
        :param may_be_tagged_yet: whether to ask the service again may give another label
        :param advice: what to do where the label is required
        :raises LabelMismatchError: the policy requires the label
        """
        if not differences or self is LabelPolicy.OFF:
            return
        told = f"the AIGC label of {uri} is not the one asked for: {'; '.join(differences)}"
        if self is LabelPolicy.WARN:
            log.warning("%s", told[0].upper() + told[1:])
            return
        raise LabelMismatchError(
            f"{told}. The video is archived, and no asset event is emitted",
            retry=Retry.ASK_AGAIN if may_be_tagged_yet else Retry.NEVER,
            advice=advice,
        )
