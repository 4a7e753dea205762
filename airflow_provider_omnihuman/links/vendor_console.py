"""The link to the vendor's console, of the site that the task's connection names."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

from airflow.providers.common.compat.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook

__all__ = ["VendorConsoleLink"]

log = logging.getLogger(__name__)


class _Asking(Protocol):
    hook: OmniHumanHook


class VendorConsoleLink(BaseOperatorLink):
    """To the console where keys, quotas and bills are. The vendor documents no address of a single task in it."""

    name = "Vendor console"

    def get_link(self, operator: _Asking, *, ti_key: Any) -> str:  # type: ignore[override]  # noqa: ARG002 - Airflow passes it
        """Return the URL; nothing, and so no button, where the task has not come to ask the service anything."""
        hook: OmniHumanHook | None = vars(operator).get("hook")
        if hook is None:
            return ""
        try:
            return hook.api.site.console_url
        except Exception as error:  # noqa: BLE001 - a connection that cannot be read has been told of by the task itself
            log.debug("There is no link %r: %s", self.name, type(error).__name__)
            return ""
