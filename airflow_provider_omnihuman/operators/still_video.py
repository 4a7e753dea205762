"""Make a film of one picture that stands still while somebody speaks: for when nothing can be rendered."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.links.s3_objects import ArchivedVideoLink, LinkedObjects, ManifestLink
from airflow_provider_omnihuman.operators.archive_inputs import task_facts
from airflow_provider_omnihuman.operators.errors import raising_airflow_errors
from airflow_provider_omnihuman.operators.masking import SignedUrlsMasked
from airflow_provider_omnihuman.operators.parameters import aigc_meta_of, integer, optional_text
from airflow_provider_omnihuman.operators.presenting import PresentedOperator

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.sdk import Context, XComArg

    from airflow_provider_omnihuman.api.models import AigcMeta
    from airflow_provider_omnihuman.archive.location import S3Location

__all__ = ["StillVideoOperator"]

_SHORT_SIDE = 720


class StillVideoOperator(SignedUrlsMasked, PresentedOperator):
    """Make a video of a picture and a speech on the worker, and archive it: no service is asked, nothing is paid.

    It is H.264 and AAC at 25 pictures a second, as long as its sound, with a manifest and a poster beside it as of any archived
    video. A speech that was made by a machine is AI-made content, whatever is shown with it: give ``aigc_meta``, or a presenter
    who has it, and the label is written into the file.

    XCom: the return value is as of ``OmniHumanToS3Operator``, with ``task_id`` None, and nothing billed. It emits no asset event.

    :param audio_url: the speech, at an ``s3://`` or http(s) URL (templated)
    :param image_url: the picture, JPG or PNG, likewise; by default the presenter's portrait (templated)
    :param presenter: whose portrait and label to take where none is given here (templated)
    :param presenters_path: the folder of presenters, as for ``OmniHumanVideoOperator`` (templated)
    :param output_resolution: of the short side, in pixels (templated)
    :param aigc_meta: the implicit AIGC label to write, as for ``OmniHumanTaskSensor`` (templated)
    :param s3_key: a key, a whole ``s3://`` URL, or a prefix ending in ``/``; by default
        ``omnihuman/<dag_id>/<run_id>/<task_id>[/<map_index>]/still.mp4`` (templated)
    :param s3_bucket: the bucket; by default the one in ``s3_key``, or in the connection's ``service_config`` (templated)
    :param s3_extra_args: for the objects written, such as ``{"ServerSideEncryption": "aws:kms"}``
    :param aws_conn_id: the connection to S3 (templated)
    :raises AirflowFailException: what no retry mends: no picture, no sound, the wrong place
    """

    template_fields: Sequence[str] = (
        "audio_url",
        "image_url",
        "presenter",
        "presenters_path",
        "output_resolution",
        "aigc_meta",
        "s3_key",
        "s3_bucket",
        "aws_conn_id",
    )
    ui_color = "#d9f2d9"
    operator_extra_links = (ArchivedVideoLink(), ManifestLink())
    linked: LinkedObjects | None = None
    """What the links lead to."""
    signed_fields = ("audio_url", "image_url")

    def __init__(
        self,
        *,
        audio_url: str | XComArg,
        image_url: str | XComArg | None = None,
        presenter: str | None = None,
        presenters_path: str | None = None,
        output_resolution: int | str | None = None,
        aigc_meta: dict[str, str] | str | None = None,
        s3_key: str | None = None,
        s3_bucket: str | None = None,
        s3_extra_args: dict[str, Any] | None = None,
        aws_conn_id: str | None = "aws_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(presenter=presenter, presenters_path=presenters_path, **kwargs)
        self.audio_url = audio_url
        self.image_url = image_url
        self.output_resolution = output_resolution
        self.aigc_meta = aigc_meta
        self.s3_key = s3_key
        self.s3_bucket = s3_bucket
        self.s3_extra_args = s3_extra_args
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Make the film, archive it; return the facts."""
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        from airflow_provider_omnihuman.archive.reading import archive_facts

        with raising_airflow_errors():
            hook = S3Hook(aws_conn_id=self.aws_conn_id, extra_args=self.s3_extra_args)
            self._take_picture(context, hook)
            aigc_meta_of(self.aigc_meta)  # refused before anything is read
            location = self._location(hook, context)
            with tempfile.TemporaryDirectory(prefix="omnihuman-still-") as folder:
                label = self._fetch(hook, Path(folder))
                manifest = self._archive(hook, location, self._film(Path(folder), label), context, label=label)
            self.linked = LinkedObjects(hook=hook, uris={"video": location.uri, "manifest": location.sibling(".json").uri})
            return archive_facts(manifest, reused=False)

    def _take_picture(self, context: Context, hook: S3Hook) -> None:
        """Take portrait, size and label from the presenter, where they are not given."""
        from airflow_provider_omnihuman.presenters.portraits import uploaded

        if presenter := self.read_presenter(context):
            portrait = presenter.portrait
            at = uploaded(portrait, hook=hook, source=presenter.source) if isinstance(portrait, Path) else portrait
            rendered = {"output_resolution": presenter.output_resolution, "aigc_meta": presenter.aigc_meta}
            self.fill({"image_url": at, **rendered})
        for field in ("audio_url", "image_url"):
            if not optional_text(getattr(self, field), field=field):
                raise InvalidRequestError(f"{field} is missing", advice="give an s3:// or http(s) URL")

    def _location(self, hook: S3Hook, context: Context) -> S3Location:
        from airflow_provider_omnihuman.archive.location import locate
        from airflow_provider_omnihuman.archive.protection import refuse_inputs
        from airflow_provider_omnihuman.operators.destination import check_bucket

        location = locate(
            hook,
            bucket=optional_text(self.s3_bucket, field="s3_bucket"),
            key=optional_text(self.s3_key, field="s3_key"),
            context=context,
            filename="still.mp4",
        )
        refuse_inputs(location, self._asked())
        check_bucket(hook, location)
        return location

    def _asked(self) -> dict[str, Any]:
        return {"image_url": self.image_url, "audio_url": self.audio_url}

    def _fetch(self, hook: S3Hook, folder: Path) -> AigcMeta | None:
        """Bring picture and sound; return the label, which may name what is made of them."""
        from airflow_provider_omnihuman.archive.fetching import fetch
        from airflow_provider_omnihuman.operators.content_id import with_content_id

        for field, url in self._asked().items():
            with (folder / field).open("w+b") as file:
                fetch(url, file, hook=hook, field=field)
        made_of = [*(_sha256(folder / field) for field in self._asked()), str(self.output_resolution or _SHORT_SIDE), "still"]
        own = hashlib.sha256("\n".join(made_of).encode()).hexdigest()
        return aigc_meta_of(with_content_id(self.aigc_meta, own))

    def _film(self, folder: Path, label: AigcMeta | None) -> Path:
        from airflow_provider_omnihuman.media.aigc_label import label_text
        from airflow_provider_omnihuman.media.still_video import still_video

        seconds = still_video(
            folder / "image_url",
            folder / "audio_url",
            folder / "still.mp4",
            short_side=integer(self.output_resolution or _SHORT_SIDE, field="output_resolution"),
            label=label_text(label.to_dict()) if label else None,
        )
        self.log.info("A still picture with %.1f s of speech: nothing was rendered, nothing is billed", seconds)
        return folder / "still.mp4"

    def _archive(
        self, hook: S3Hook, location: S3Location, film: Path, context: Context, *, label: AigcMeta | None
    ) -> dict[str, Any]:
        from airflow_provider_omnihuman.archive.film import upload_film
        from airflow_provider_omnihuman.archive.inspection import inspect_video
        from airflow_provider_omnihuman.archive.writing import write_down
        from airflow_provider_omnihuman.media.aigc_label import label_differences

        aigc_meta = label.to_dict() if label else None
        with film.open("rb") as file:
            inspection = inspect_video(file, audio_s=None)
        return write_down(
            hook,
            inspection,
            stored=upload_film(hook, film, location),
            location=location,
            poster=location.sibling(".jpg"),
            video=None,
            request={**self._asked(), "still": True, "aigc_meta": aigc_meta},
            airflow=task_facts(context),
            label_differences=label_differences(aigc_meta, inspection.label),
            billed={"billed_seconds": 0.0, "cost": None},
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
