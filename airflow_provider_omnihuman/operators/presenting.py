"""Operators that a presenter fills: what the Dag leaves out is taken from the presenter's file, what it gives wins."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import conf
from airflow.sdk import BaseOperator

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.operators.errors import raising_airflow_errors
from airflow_provider_omnihuman.operators.media import MediaOperator
from airflow_provider_omnihuman.operators.parameters import aigc_meta_of, is_nothing, optional_text

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.sdk import Context

    from airflow_provider_omnihuman.api.models import AigcMeta
    from airflow_provider_omnihuman.presenters.masks import KeptMasks
    from airflow_provider_omnihuman.presenters.presenter import Presenter

__all__ = ["PresentedMediaOperator", "PresentedOperator"]

_DEFAULT_ENGINE = "doubao"


class PresentedOperator(BaseOperator):
    """An operator with a presenter; the subclasses document the arguments, where users meet them."""

    aws_conn_id: str | None
    engine: Any = None

    def __init__(self, *, presenter: str | None = None, presenters_path: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.presenter = presenter
        self.presenters_path = presenters_path

    def read_presenter(self, context: Context, *, name: str | None = None) -> Presenter | None:
        """Return the presenter, its texts rendered for this task; None where none is given.

        :param context: the task's
        :param name: of another one than the operator's
        :raises InvalidRequestError: names its file and field, or where it was looked for
        """
        name = name or optional_text(self.presenter, field="presenter")
        if name is None:
            return None
        from airflow_provider_omnihuman.presenters.loading import PresenterFolder, load_presenter
        from airflow_provider_omnihuman.presenters.templating import placeholders

        folder = PresenterFolder(
            path=optional_text(self.presenters_path, field="presenters_path"),
            option=conf.get("omnihuman", "presenters_path", fallback=None),
            dag_file=getattr(context.get("dag"), "fileloc", None),  # of this worker's copy of the Dag's bundle
            aws_conn_id=self.aws_conn_id,
        )
        presenter = load_presenter(name, folder=folder, names=placeholders(context))
        self.log.info("Presenter %s: %s", name, presenter.source)
        return presenter

    def fill(self, values: Mapping[str, Any]) -> None:
        """Set the arguments that were not given; from here on they are as if the Dag had given them.

        :param values: by the names of the arguments
        """
        for name, value in values.items():
            if is_nothing(getattr(self, name)):
                setattr(self, name, value)

    def take_voice(self, context: Context) -> None:
        """Take from the presenter, where there is one, who speaks and how; a voice belongs to its own engine.

        :param context: the task's
        :raises InvalidRequestError: as :meth:`read_presenter`
        """
        presenter = self.read_presenter(context)
        if presenter and (presenter.engine is None or is_nothing(self.engine) or self.engine == presenter.engine):
            self.fill({"engine": presenter.engine, **presenter.spoken})
        self.fill({"engine": _DEFAULT_ENGINE})


class PresentedMediaOperator(PresentedOperator, MediaOperator):
    """An operator that sends a portrait to the service: its own, or a presenter's."""

    image_url: Any
    mask_url: Any = None
    aigc_meta: Any = None
    """The label to ask for; an operator without such an argument takes it from a presenter, and hands it on."""

    def __init__(self, *, image_url: Any = None, presenter: str | None = None, **kwargs: Any) -> None:
        super().__init__(presenter=presenter, **kwargs)
        self.image_url = image_url  # Airflow renders templated arguments in place
        if presenter is None:
            with raising_airflow_errors():  # of a mapped task, the arguments come together only when it runs
                self.check_portrait()

    def check_portrait(self) -> None:
        """Refuse a task without a portrait and without a presenter who may have one.

        :raises InvalidRequestError: says what to give
        """
        if self.image_url is None:
            raise InvalidRequestError("image_url is missing", advice="give the portrait's URL, or a presenter that has one")

    def fill_portrait(self, presenter: Presenter, *, mask: bool) -> None:
        """Set the portrait where none was given, and with it who speaks: a mask belongs to its own picture.

        :param presenter: to take it from
        :param mask: whether to set ``mask_url``
        :raises InvalidRequestError: the presenter has no portrait, or fewer subjects are in it
        """
        if self.image_url is not None and self.image_url != "":  # "None" is what a broken template gives: refused as such
            return
        if presenter.portrait is None:
            raise InvalidRequestError(
                "image_url is missing", advice=f"presenter {presenter.source} has no portrait: give one here, or there"
            )
        self.image_url = self._portrait_url(presenter)
        if mask and presenter.mask and is_nothing(self.mask_url):
            self.mask_url = [self._kept_mask(presenter.mask, told=f"presenter {presenter.source}")]

    def presented_facts(self) -> dict[str, Any]:
        """Return what goes into the request's facts: who presents, and the label that the archive asks for."""
        presenter = {} if is_nothing(self.presenter) else {"presenter": self.presenter}
        return {**presenter, **({"aigc_meta": label.to_dict()} if (label := self._aigc_meta()) else {})}

    def name_content(self, fingerprint: str, *, is_random: bool, context: Context) -> None:
        """Put the id of what is asked for into the label, where it is named; the label itself is no part of the request.

        :param fingerprint: of the request
        :param is_random: each render of it is another video
        :param context: the task's
        :raises InvalidRequestError: a field of the label is too long with it
        """
        from airflow_provider_omnihuman.operators.content_id import content_id_of, names_content, with_content_id

        if names_content(self.aigc_meta):
            own = content_id_of(fingerprint, is_random=is_random, context=context)
            self.aigc_meta = with_content_id(self.aigc_meta, own)

    def _aigc_meta(self) -> AigcMeta | None:
        return aigc_meta_of(self.aigc_meta)

    def _portrait_url(self, presenter: Presenter) -> str:
        from airflow_provider_omnihuman.presenters.portraits import uploaded

        if isinstance(presenter.portrait, str):
            return presenter.portrait
        assert presenter.portrait is not None
        return uploaded(presenter.portrait, hook=self._store, source=presenter.source)

    def _kept_mask(self, number: int, *, told: str) -> str:
        return self.kept_masks().mask(number, told=told)

    def kept_masks(self) -> KeptMasks:
        """Return the masks of the portrait, which are detected the first time that somebody asks for them."""
        from airflow_provider_omnihuman.presenters.masks import KeptMasks

        inputs, api = self._inputs(), self.hook.api
        url = inputs.url(self.image_url, field="image_url")

        def detect() -> tuple[str, ...]:
            if self.check_inputs:
                inputs.check_image(url, shown=self.image_url)
            return self.hook.detect_subjects(url).mask_urls

        identity = (inputs.identity(self.image_url, field="image_url"), api.base_url, api.site.detect)
        return KeptMasks(hook=self._store, identity=identity, detect=detect)

    @cached_property
    def _store(self) -> S3Hook:
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        return S3Hook(aws_conn_id=self.aws_conn_id)
