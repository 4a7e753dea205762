"""What the operators that send media to the service have in common: two connections, and checked, presigned inputs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_omnihuman.links.vendor_console import VendorConsoleLink
from airflow_provider_omnihuman.operators.masking import SignedUrlsMasked
from airflow_provider_omnihuman.operators.parameters import seconds

if TYPE_CHECKING:
    from airflow.sdk import BaseOperatorLink

    from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook
    from airflow_provider_omnihuman.links.s3_objects import LinkedObjects
    from airflow_provider_omnihuman.operators.inputs import MediaInputs

__all__ = ["MediaOperator"]


class MediaOperator(SignedUrlsMasked):
    """An operator whose inputs the service fetches; the subclasses document the arguments, where users meet them."""

    signed_fields: ClassVar[tuple[str, ...]] = ("image_url",)
    operator_extra_links: Collection[BaseOperatorLink] = (VendorConsoleLink(),)
    linked: LinkedObjects | None = None
    """What the other links lead to."""

    def __init__(
        self,
        *,
        omnihuman_conn_id: str,
        aws_conn_id: str | None,
        presigned_url_expires_in: timedelta | float,
        check_inputs: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.omnihuman_conn_id = omnihuman_conn_id
        self.aws_conn_id = aws_conn_id
        self.presigned_url_expires_in = presigned_url_expires_in
        self.check_inputs = check_inputs

    @cached_property
    def hook(self) -> OmniHumanHook:
        """The hook of this task."""
        from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook

        return OmniHumanHook(self.omnihuman_conn_id)

    def _inputs(self) -> MediaInputs:
        from airflow_provider_omnihuman.operators.inputs import MediaInputs

        self.hook.get_conn()  # a connection that cannot be read is told before anything else is done
        return MediaInputs(
            aws_conn_id=self.aws_conn_id,
            expires_in_s=seconds(self.presigned_url_expires_in, field="presigned_url_expires_in"),
        )
