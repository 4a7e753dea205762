"""Publish an archived video: copied inside S3 to where a website serves it, with the headers that caches obey."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import AssetAlias, BaseOperator

from airflow_provider_omnihuman.links.s3_objects import LinkedObjects, PublishedVideoLink
from airflow_provider_omnihuman.operators.asset_events import emit_asset_events
from airflow_provider_omnihuman.operators.errors import raising_airflow_errors
from airflow_provider_omnihuman.operators.given_video import caption_uris, given_video
from airflow_provider_omnihuman.operators.parameters import optional_text

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.sdk import Context, XComArg

    from airflow_provider_omnihuman.archive.location import S3Location

__all__ = ["PUBLISHED_ASSET_ALIAS", "PublishVideoOperator"]

PUBLISHED_ASSET_ALIAS = "omnihuman_published"
_NAME_CHARACTERS = 32
"""Of the checksum: 128 bits, which no two videos share."""


class PublishVideoOperator(BaseOperator):
    """Copy an archived video with its poster and captions to where a website serves them; no byte passes through the worker.

    By default the name is made of the video's SHA-256, and caches may keep it for good (``public, max-age=31536000,
    immutable``): another video has another name. With a ``name`` of your own, such as ``today``, the next video has the same one:
    caches are then told to ask again after a minute. Captions, which may be corrected while the video stays, always are.

    Captions and poster come first, the video last: where it is, the rest is. What an earlier try has copied is left alone. The
    manifest stays in the archive: it tells of prompts, inputs and costs.

    XCom: the return value is the archive's facts of the video, with ``uri`` and ``poster_uri`` of the copies, and
    ``{archived_uri, captions, url}``: where it was copied from, the copies of the captions, and the address for the public, None
    without a ``base_url``. The same facts go into an asset event: on the ``outlets`` given, or else on an ``AssetAlias`` named
    ``omnihuman_published``.

    :param video: what ``OmniHumanToS3Operator`` or ``JoinVideosOperator`` returned, or the ``s3://`` URI of a video. Of a list,
        the first that is there, of several tasks only one of which ran; or the one approved last (templated)
    :param reviews: ids of the tasks whose outputs ``video`` lists, one each: of one that has not succeeded this time, nothing is
        taken, whatever it gave before it was cleared
    :param prefix: where to publish: a prefix of keys, or ``s3://bucket/prefix/`` for another bucket (templated)
    :param name: of the files, without ending; may have slashes. By default made of the video's checksum (templated)
    :param captions: the files beside the video: what ``CaptionsOperator`` returned, or a list of ``s3://`` URIs (templated)
    :param cache_control: of video and poster; by default for good, or for a minute with a ``name`` (templated)
    :param base_url: the public address of the bucket's root, such as ``https://media.example.com``: makes the ``url`` (templated)
    :param replace: write over another video of the same name
    :param s3_extra_args: for the objects written, such as ``{"ACL": "public-read"}``
    :param aws_conn_id: the connection to S3 (templated)
    :raises AirflowFailException: what no retry mends: no video, or another one than was archived; no such bucket, a name that
        is taken
    """

    template_fields: Sequence[str] = (
        "video",
        "prefix",
        "name",
        "captions",
        "cache_control",
        "base_url",
        "aws_conn_id",
    )
    template_fields_renderers = {"video": "json", "captions": "json"}  # noqa: RUF012 - Airflow's own convention
    ui_color = "#d9ecf2"
    operator_extra_links = (PublishedVideoLink(),)
    linked: LinkedObjects | None = None
    """What the link leads to."""

    def __init__(
        self,
        *,
        video: dict[str, Any] | str | XComArg | Sequence[Any],
        reviews: Sequence[str] | None = None,
        prefix: str = "published/",
        name: str | None = None,
        captions: Any = None,
        cache_control: str | None = None,
        base_url: str | None = None,
        replace: bool = True,
        s3_extra_args: dict[str, Any] | None = None,
        aws_conn_id: str | None = "aws_default",
        **kwargs: Any,
    ) -> None:
        kwargs["outlets"] = kwargs.get("outlets") or [AssetAlias(PUBLISHED_ASSET_ALIAS)]
        super().__init__(**kwargs)
        self.video: Any = video  # Airflow renders templated arguments in place
        self.reviews = reviews
        self.prefix = prefix
        self.name = name
        self.captions = captions
        self.cache_control = cache_control
        self.base_url = base_url
        self.replace = replace
        self.s3_extra_args = s3_extra_args
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Publish; return the facts."""
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        from airflow_provider_omnihuman.archive.location import S3Location
        from airflow_provider_omnihuman.archive.publishing import check_unchanged, planned, publish

        with raising_airflow_errors():
            hook = S3Hook(aws_conn_id=self.aws_conn_id, extra_args=self.s3_extra_args)
            facts = given_video(self._given_now(context), hook=hook)
            source = S3Location.from_uri(facts["uri"], field="video")
            poster = S3Location.from_uri(facts["poster_uri"], field="poster_uri") if facts["poster_uri"] else None
            captions = [S3Location.from_uri(uri, field="captions") for uri in caption_uris(self.captions)]
            target = self._target(hook, facts, context)
            works = planned(
                source, target, poster=poster, captions=captions, cache_control=self._cache_control(), size=facts["bytes"]
            )
            check_unchanged(hook, works[-1])  # before the poster and captions of another one are there
            for work in works:
                publish(hook, work, replace=self.replace)
            url = self._url(target)
            self.linked = LinkedObjects(hook=hook, uris={"published": url or target.uri})
            published = {
                "uri": target.uri,
                "poster_uri": target.sibling(".jpg").uri if poster else None,
                "archived_uri": source.uri,
                "captions": [work.target.uri for work in works[: len(captions)]],
                "url": url,
            }
            emit_asset_events(context, self.outlets, target, facts=facts | published)
            return facts | published

    def _given_now(self, context: Context) -> Any:
        """Return what was given in this round: of a task that was cleared and did not run, Airflow keeps what it gave before."""
        if self.reviews is None:
            return self.video
        ti: Any = context["ti"]
        states = ti.get_task_states(dag_id=ti.dag_id, task_ids=list(self.reviews), run_ids=[ti.run_id]).get(ti.run_id, {})
        which = "" if ti.map_index < 0 else f"_{ti.map_index}"
        given = zip(self.video, self.reviews, strict=True)
        return [video for video, task_id in given if str(states.get(f"{task_id}{which}")) == "success"]

    def _target(self, hook: S3Hook, facts: dict[str, Any], context: Context) -> S3Location:
        """Return the place of the published video."""
        from airflow_provider_omnihuman.archive.location import S3Location, locate
        from airflow_provider_omnihuman.archive.publishing import sha256_of

        prefix = optional_text(self.prefix, field="prefix") or "published/"
        name = optional_text(self.name, field="name")
        if not name:
            sha256 = facts["sha256"] or sha256_of(hook, S3Location.from_uri(facts["uri"], field="video"))
            name = sha256[:_NAME_CHARACTERS]
        filename = f"{name.removesuffix('.mp4').strip('/')}.mp4"
        return locate(hook, bucket=None, key=prefix.rstrip("/") + "/", context=context, filename=filename)

    def _cache_control(self) -> str:
        from airflow_provider_omnihuman.archive.publishing import FOR_A_MINUTE, FOR_GOOD

        wanted = optional_text(self.cache_control, field="cache_control")
        return wanted or (FOR_A_MINUTE if optional_text(self.name, field="name") else FOR_GOOD)

    def _url(self, target: S3Location) -> str | None:
        base_url = optional_text(self.base_url, field="base_url")
        return f"{base_url.rstrip('/')}/{quote(target.key)}" if base_url else None
