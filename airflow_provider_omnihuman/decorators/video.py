"""``@task.omnihuman``: a function returns a request, and the task renders it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import (
    DecoratedOperator,
    TaskDeferred,
    context_merge,
    determine_kwargs,
    mask_secret,
    task_decorator_factory,
)
from airflow.sdk.definitions._internal.types import SET_DURING_EXECUTION  # as every decorator of a provider does

from airflow_provider_omnihuman.operators.errors import raising_airflow_errors
from airflow_provider_omnihuman.operators.parameters import is_nothing
from airflow_provider_omnihuman.operators.video import OmniHumanVideoOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import TaskDecorator
    from airflow.sdk import Context

__all__ = ["omnihuman_task"]

_RETURNED = "returned_request"
"""The XCom key of what the function returned, while a limit of the account keeps the task from submitting it."""


class _OmniHumanDecoratedOperator(DecoratedOperator, OmniHumanVideoOperator):
    """Renders the request that a function returns; see :func:`omnihuman_task`."""

    template_fields: Sequence[str] = (*DecoratedOperator.template_fields, *OmniHumanVideoOperator.template_fields)
    template_fields_renderers: ClassVar[dict[str, str]] = {**DecoratedOperator.template_fields_renderers}
    custom_operator_name = "@task.omnihuman"
    overwrite_rtif_after_execution = True  # the task's page shows what was asked for

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        image_url: Any = SET_DURING_EXECUTION,
        audio_url: Any = SET_DURING_EXECUTION,
        **kwargs: Any,
    ) -> None:
        if inspect.iscoroutinefunction(python_callable):
            raise TypeError("@task.omnihuman takes a plain function, not an async one: only the waiting is asynchronous")
        if kwargs.get("multiple_outputs"):
            raise ValueError("@task.omnihuman knows no multiple_outputs: task_id and request are XComs of their own already")
        super().__init__(
            python_callable=python_callable,
            op_args=op_args,
            op_kwargs=op_kwargs,
            image_url=image_url,
            audio_url=audio_url,
            **kwargs,
        )

    def execute(self, context: Context) -> Any:
        """Call the function, once in a try; submit what it returned, and wait."""
        from airflow_provider_omnihuman.decorators.returned import check_complete

        is_first = self._quota_since is None
        arguments = self._call(context) if is_first else self._returned_before(context)
        for name, value in arguments.items():
            setattr(self, name, value)
        # These alone: the other fields are rendered already, and what came out of them may look like a template.
        self._do_render_template_fields(self, arguments, context, self.get_template_env(), set())
        needed = {"image_url": self.image_url, "audio_url": self.audio_url}
        if not is_nothing(self.presenter) and needed.pop("image_url") is SET_DURING_EXECUTION:
            self.image_url = None  # it is the presenter's
        with raising_airflow_errors():
            check_complete(needed, unset=SET_DURING_EXECUTION)
        try:
            return super().execute(context)
        except TaskDeferred as deferral:
            if is_first and deferral.method_name == "resume_submit":
                self._keep(arguments, context)
            raise

    def take_up(self, context: Context) -> None:
        """Take the request that was submitted, the function is not called again; none, after a pause before the submit."""
        from airflow_provider_omnihuman.decorators.returned import RETURNABLE

        asked = self._pushed(context, "request") or {}
        for name in RETURNABLE & asked.keys():
            setattr(self, name, asked[name])

    def _do_render_template_fields(self, *args: Any, **kwargs: Any) -> None:
        """Render; what the function is given may be signed like what it returns, and Airflow shows both."""
        from airflow_provider_omnihuman.decorators.returned import signed_urls

        super()._do_render_template_fields(*args, **kwargs)
        for url in signed_urls([self.op_args, self.op_kwargs]):
            mask_secret(url.partition("?")[2])

    def _call(self, context: Context) -> dict[str, Any]:
        from airflow_provider_omnihuman.decorators.returned import request_arguments

        context_merge(context, self.op_kwargs)
        kwargs = determine_kwargs(self.python_callable, self.op_args, context)
        returned = self.python_callable(*self.op_args, **kwargs)
        with raising_airflow_errors():
            return request_arguments(returned, function=self.python_callable.__name__)

    def _keep(self, arguments: dict[str, Any], context: Context) -> None:
        """Remember what was returned until there is room for it; signed URLs are written down nowhere."""
        from airflow_provider_omnihuman.decorators.returned import signed_urls

        if any(signed_urls(arguments)):
            self.log.info("The function returned signed URLs, which are not stored: it is called again when there is room")
            return
        context["ti"].xcom_push(key=_RETURNED, value=arguments)

    def _returned_before(self, context: Context) -> dict[str, Any]:
        ti = context["ti"]
        kept: dict[str, Any] | None = ti.xcom_pull(task_ids=ti.task_id, key=_RETURNED, map_indexes=ti.map_index)
        return self._call(context) if kept is None else kept


def omnihuman_task(python_callable: Callable[..., Any] | None = None, **kwargs: Any) -> TaskDecorator:
    """Make a task of a function that returns a request: the task submits it, waits, and returns the video.

    The function is called once in each try, on the worker, before anything is paid for; what it raises fails the try. It returns
    a :class:`~airflow_provider_omnihuman.api.models.VideoRequest`, or a mapping with any of ``image_url``, ``audio_url``,
    ``mask_url``, ``prompt``, ``seed``, ``output_resolution``, ``pe_fast_mode``, ``aigc_meta``, ``presenter``, whose texts are
    rendered as templates. What it leaves out is taken from the decorator's arguments, and then from the presenter; a
    ``VideoRequest`` is whole, and leaves out the label and the presenter only. All else is as for ``OmniHumanVideoOperator``: the
    XComs, the ledger, which knows the job by the request that was returned, and deferral, from which the function is not called
    again.

    Example::

        @task.omnihuman(image_url="s3://media/presenter.png", output_resolution=720, pe_fast_mode=True, retries=2)
        def render(script: dict[str, str]):
            return {"audio_url": script["audio"], "prompt": script["mood"]}

        render.expand(script=scripts())

    :param python_callable: the function
    :param kwargs: every argument of ``OmniHumanVideoOperator``; those of the request are defaults for what is not returned
    """
    # Never inferred from the annotation `-> dict`, as it would be: that is about the request, and the XCom is the video.
    kwargs.setdefault("multiple_outputs", False)
    decorator: TaskDecorator = task_decorator_factory(
        python_callable=python_callable, decorated_operator_class=_OmniHumanDecoratedOperator, **kwargs
    )
    return decorator
