"""Cast a dialogue: who in the picture says what, settled and shown before anything is paid for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError, OmniHumanError
from airflow_provider_omnihuman.api.urls import shown, without_query
from airflow_provider_omnihuman.hooks.default_connections import OMNIHUMAN_CONN_ID
from airflow_provider_omnihuman.links.s3_objects import LinkedObjects, WhoIsWhoLink
from airflow_provider_omnihuman.links.vendor_console import VendorConsoleLink
from airflow_provider_omnihuman.operators.errors import raising_airflow_errors
from airflow_provider_omnihuman.operators.parameters import is_nothing, optional_text
from airflow_provider_omnihuman.operators.presenting import PresentedMediaOperator
from airflow_provider_omnihuman.presenters.presenter import DEFAULT_SEED

if TYPE_CHECKING:
    from airflow.sdk import Context, XComArg

    from airflow_provider_omnihuman.archive.location import S3Location
    from airflow_provider_omnihuman.dialogue.binding import Subject
    from airflow_provider_omnihuman.dialogue.preview import Seen
    from airflow_provider_omnihuman.dialogue.script import Dialogue

__all__ = ["CastDialogueOperator"]

_LONGEST_PAUSE_S = 30.0
_PREVIEW = "who-is-who.jpg"


class CastDialogueOperator(PresentedMediaOperator):
    """Read a script, find who is in the picture, bind the speakers to them, and draw a preview for a person to check.

    Nothing of it is paid for; what is wrong with script or picture is told here. The masks are kept in S3 and are the same ones
    ever after, and so the same line is the same video, which is not paid for again. Each ``subject`` is counted from left to
    right in the picture, from 1; who has none takes the next free place from the left, in the order in which they first speak.

    XCom: the return value is a list of rows for ``avatar_clips``, one for each line. The key ``cast`` is who is who, a list of
    ``{speaker, subject, mask_url, lines}`` from left to right; ``pauses`` the seconds after each line; ``lines`` a list of
    ``{speaker, text}``; ``preview_uri`` the preview in S3.

    :param script: a list of lines ``{speaker, text, voice, engine, prompt, seed, pause}``, the first two of which are needed; or
        a mapping of these ``lines`` and of ``speakers``; or the YAML or JSON of one, as text; or the place of such a file: an
        ``s3://`` or http(s) URL, or a path relative to the Dag's file. In a file, nothing is rendered (templated)
    :param image_url: the picture, an http(s) or ``s3://`` URL; by default the presenter's (templated)
    :param presenter: the name of a presenter's file: gives the picture, and what speakers and lines do not say (templated)
    :param presenters_path: the folder of presenters, as for ``OmniHumanSubmitOperator`` (templated)
    :param speakers: ``{voice, engine, prompt, seed, presenter, subject}`` by the speakers' names; wins over what the script says
        of them. Where any speaker is named here or there, all must be: an unknown one is an error (templated)
    :param prompt: for all lines that have none, and whose speaker has none (templated)
    :param seed: likewise; by default a fixed one, unless a presenter has its own (templated)
    :param pause: seconds between two lines, unless a line has a ``pause`` of its own (templated)
    :param speech: arguments of the ``TextToSpeechOperator`` that speaks the lines: each line's engine, voice and text are checked
        with them, as far as that costs nothing; None: only what holds for any of them (templated)
    :param s3_key: where the preview goes: a key, a whole ``s3://`` URL, or a prefix ending in ``/``; by default
        ``omnihuman/<dag_id>/<run_id>/<task_id>/who-is-who.jpg`` (templated)
    :param s3_bucket: its bucket; by default the one in ``s3_key``, or in the connection's ``service_config``, where the masks
        are (templated)
    :param omnihuman_conn_id: the connection to OmniHuman (templated)
    :param aws_conn_id: the connection to S3 (templated)
    :param presigned_url_expires_in: how long the presigned URL of an ``s3://`` picture lives, a timedelta or seconds
    :param check_inputs: read the picture first, and refuse what the service would refuse
    :raises AirflowFailException: what no retry mends: the script is not understood, there are more speakers than subjects
    """

    template_fields: Sequence[str] = (
        "script",
        "image_url",
        "presenter",
        "presenters_path",
        "speakers",
        "prompt",
        "seed",
        "pause",
        "speech",
        "s3_key",
        "s3_bucket",
        "omnihuman_conn_id",
        "aws_conn_id",
    )
    template_fields_renderers = {"script": "yaml", "speakers": "json", "speech": "json"}  # noqa: RUF012 - Airflow's own convention
    ui_color = "#eee3ff"
    operator_extra_links = (WhoIsWhoLink(), VendorConsoleLink())
    signed_fields = ("image_url", "script")

    def __init__(
        self,
        *,
        script: Any,
        image_url: str | XComArg | None = None,
        presenter: str | None = None,
        presenters_path: str | None = None,
        speakers: Mapping[str, Any] | None = None,
        prompt: str | None = None,
        seed: int | str | None = None,
        pause: float | str = 0.4,
        speech: Mapping[str, Any] | None = None,
        s3_key: str | None = None,
        s3_bucket: str | None = None,
        omnihuman_conn_id: str = OMNIHUMAN_CONN_ID,
        aws_conn_id: str | None = "aws_default",
        presigned_url_expires_in: timedelta | float = timedelta(hours=1),
        check_inputs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            image_url=image_url,
            presenter=presenter,
            presenters_path=presenters_path,
            omnihuman_conn_id=omnihuman_conn_id,
            aws_conn_id=aws_conn_id,
            presigned_url_expires_in=presigned_url_expires_in,
            check_inputs=check_inputs,
            **kwargs,
        )
        self.script = script
        self.speakers = speakers
        self.prompt = prompt
        self.seed = seed
        self.pause = pause
        self.speech = speech
        self.s3_key = s3_key
        self.s3_bucket = s3_bucket

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Cast; return the rows."""
        from airflow_provider_omnihuman.dialogue.binding import bind
        from airflow_provider_omnihuman.dialogue.rows import cast_facts, clip_rows, everyone_seen, pauses_s

        with raising_airflow_errors():
            dialogue = self._dialogue(context)
            pauses = pauses_s(dialogue, pause_s=self._pause_s())
            seeds = self._seeds(context, dialogue)
            presenter = optional_text(self.presenter, field="presenter")
            self._check_speech(context, dialogue, presenter=presenter)
            place, picture = self._place(context), self._picture(context)
            subjects, pixels = self._everyone()
            bound = bind(dialogue, subjects)
            self._show(place, picture, everyone_seen(dialogue, bound, subjects=subjects, pixels=pixels))
            cast = cast_facts(dialogue, bound)
            rows = clip_rows(
                dialogue,
                bound,
                image_url=self.image_url,
                prompt=optional_text(self.prompt, field="prompt"),
                presenter=presenter,
                seed_of=seeds.get,
            )
        who = ", ".join(f"{one['subject']} is {one['speaker']}" for one in cast)
        self.log.info("%d line(s); from left to right, %s; see %s", len(rows), who, place.uri)
        facts = {"cast": cast, "pauses": pauses, "preview_uri": place.uri}
        facts["lines"] = [{"speaker": line.speaker, "text": line.text} for line in dialogue.lines]
        for key, value in facts.items():
            context["ti"].xcom_push(key=key, value=value)
        return rows

    def _dialogue(self, context: Context) -> Dialogue:
        from airflow_provider_omnihuman.dialogue.document import script_document
        from airflow_provider_omnihuman.dialogue.script import read_script
        from airflow_provider_omnihuman.dialogue.source import script_of

        if is_nothing(self.script):
            raise InvalidRequestError("the dialogue's script is empty")
        document = script_of(self.script, hook=self._store, dag_file=getattr(context.get("dag"), "fileloc", None))
        speakers = None if is_nothing(self.speakers) else script_document(self.speakers, source="speakers")
        return read_script(document, speakers=speakers)

    def _pause_s(self) -> float:
        try:
            pause_s = float(self.pause)
        except (TypeError, ValueError):
            pause_s = -1.0
        if isinstance(self.pause, bool) or not 0 <= pause_s <= _LONGEST_PAUSE_S:
            raise InvalidRequestError(f"pause must be 0 to {_LONGEST_PAUSE_S:g} seconds, not {shown(self.pause)}")
        return pause_s

    def _seeds(self, context: Context, dialogue: Dialogue) -> dict[str | None, int | None]:
        """Return the seed of each presenter's lines, None where it has its own; so each of them is read before anything else."""
        from airflow_provider_omnihuman.dialogue.script import checked_seed
        from airflow_provider_omnihuman.operators.parameters import optional_integer

        given = optional_integer(self.seed, field="seed")
        if given is not None:
            checked_seed(given, where="the dialogue")
        names = {speaker.presenter for speaker in dialogue.speakers} | {optional_text(self.presenter, field="presenter")}
        seeds: dict[str | None, int | None] = {None: DEFAULT_SEED if given is None else given}
        for name in sorted(filter(None, names)):
            presenter = self.read_presenter(context, name=name)
            own = given is None and presenter is not None and presenter.seed is not None
            seeds[name] = None if own else seeds[None]
        return seeds

    def _check_speech(self, context: Context, dialogue: Dialogue, *, presenter: str | None) -> None:
        """Refuse what a line's speech would refuse: it would when other lines are spoken, rendered, and paid for."""
        from airflow_provider_omnihuman.dialogue.rows import voice_of
        from airflow_provider_omnihuman.operators.speech import TextToSpeechOperator
        from airflow_provider_omnihuman.speech.errors import SpeechError

        if self.speech is None:
            return
        checks: dict[tuple[Any, ...], Callable[[str], object]] = {}
        for line in dialogue.lines:
            said = voice_of(dialogue, line, presenter=presenter)
            who = tuple(said.values())
            try:
                if who not in checks:
                    operator = TextToSpeechOperator(**{"task_id": "speech", "text": line.text, **said, **self.speech})
                    checks[who] = operator.text_check(context)
                checks[who](line.text)
            except (OmniHumanError, SpeechError) as error:
                error.message = f"line {line.number} ({line.speaker}): {error.message}"
                raise

    def _place(self, context: Context) -> S3Location:
        """Return where the preview goes; what is wrong with the place is told before anything is asked."""
        from airflow_provider_omnihuman.archive.location import locate
        from airflow_provider_omnihuman.operators.destination import check_bucket

        bucket, key = optional_text(self.s3_bucket, field="s3_bucket"), optional_text(self.s3_key, field="s3_key")
        place = locate(self._store, bucket=bucket, key=key, context=context, filename=_PREVIEW)
        check_bucket(self._store, place)
        return place

    def _picture(self, context: Context) -> bytes:
        """Return the picture's file; one from the web is put into S3, so that all clips have the same, today and tomorrow."""
        import tempfile

        from airflow_provider_omnihuman.api.models import MAX_IMAGE_BYTES
        from airflow_provider_omnihuman.dialogue.source import fetched
        from airflow_provider_omnihuman.presenters.portraits import uploaded

        if presenter := self.read_presenter(context):
            self.fill_portrait(presenter, mask=False)
        inputs = self._inputs()
        url = inputs.url(self.image_url, field="image_url")
        if self.check_inputs:
            inputs.check_image(url, shown=without_query(self.image_url))
        picture = fetched(self.image_url, hook=self._store, field="image_url", limit=MAX_IMAGE_BYTES)
        if not self.image_url.lower().startswith("s3://"):
            with tempfile.NamedTemporaryFile() as file:
                file.write(picture)
                file.flush()
                self.image_url = uploaded(Path(file.name), hook=self._store)
        return picture

    def _everyone(self) -> tuple[list[Subject], dict[str, Any]]:
        """Return who is in the picture, from left to right, and the pixels of each mask by its URL."""
        from airflow_provider_omnihuman.api.models import MAX_IMAGE_BYTES
        from airflow_provider_omnihuman.dialogue.binding import from_left_to_right
        from airflow_provider_omnihuman.dialogue.source import fetched
        from airflow_provider_omnihuman.media.mask import mask_facts, mask_pixels

        masks = self.kept_masks().all()
        if not masks:
            raise InvalidRequestError(
                f"no subject was found in {without_query(self.image_url)}", advice="use a picture with everybody clearly apart"
            )
        pixels = {url: mask_pixels(fetched(url, hook=self._store, field="mask", limit=MAX_IMAGE_BYTES)) for url in masks}
        return from_left_to_right([(url, mask_facts(found, source=url)) for url, found in pixels.items()]), pixels

    def _show(self, place: S3Location, picture: bytes, everyone: Sequence[Seen]) -> None:
        """Draw the preview, and put it into S3."""
        from airflow_provider_omnihuman.archive.objects import put_object
        from airflow_provider_omnihuman.dialogue.preview import preview_jpeg

        put_object(self._store, place, preview_jpeg(picture, everyone), content_type="image/jpeg")
        self.linked = LinkedObjects(hook=self._store, uris={"preview": place.uri})
