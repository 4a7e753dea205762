"""Ask a person whether a video may be published, by Airflow's own human-in-the-loop operator."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from airflow.providers.common.compat.sdk import AirflowFailException, mask_secret
from airflow.providers.standard.operators.hitl import HITLBranchOperator, HITLOperator
from airflow.sdk import Param

from airflow_provider_omnihuman.links.s3_objects import ArchivedVideoLink, LinkedObjects, ManifestLink
from airflow_provider_omnihuman.operators.errors import raising_airflow_errors

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.sdk import Context, XComArg

__all__ = ["VideoReviewOperator"]

APPROVE, REJECT = "Approve", "Reject"
_ANSWERS = {"approve": APPROVE, "reject": REJECT}
_ON_REJECTED = ("skip", "fail")
_LONGEST_SIGNATURE_S = 7 * 24 * 3600
"""Of a presigned URL (S3 User Guide, "Sharing objects with presigned URLs")."""


class VideoReviewOperator(HITLBranchOperator):
    """Show a video to a person, with its cost, its checks and its script, and go on as the answer says.

    The question is in Airflow's UI (Browse → Required Actions), in its REST API, and in what ``notifiers`` send. It waits in the
    state ``awaiting_input`` (Airflow 3.3), or in the triggerer (3.1, 3.2), and holds no worker slot.

    Approved, the tasks ``approved`` follow; rejected by a person, the tasks ``rejected``: all others that come right after this
    one are skipped. Where nobody answers, ``default`` applies, and the log and ``answered`` say so; a rejection by default
    never leads to ``rejected``, which may render, and pay, again with nobody there to look at it.

    XCom: the return value is the approved video: its archive facts, with the answer as ``review``; there is none of a rejected
    one. The answer is under the key ``review``, too: ``{approved, answered, note, reviewer, responded_at}``. What to render the
    next video with is under ``next_prompt`` (the prompt of this one, and the note) and ``next_seed``, after a no.

    :param video: what ``OmniHumanToS3Operator`` or ``JoinVideosOperator`` returned, or the ``s3://`` URI of a video (templated)
    :param text: what is spoken, to read along (templated)
    :param subject: the question (templated)
    :param body: more to tell the reviewer, in Markdown, before all else (templated)
    :param approved: ids of the tasks or task groups that follow a yes; by default all that come right after this task, but
        ``rejected``
    :param rejected: of those that follow a no by a person; by default none
    :param rejected_means: what they do, to end the reviewer's sentence "Reject …": such as "has another one made"
    :param default: ``"approve"`` or ``"reject"``: the answer where nobody gives one
    :param response_timeout: how long to wait for it; None waits for ever
    :param on_rejected: where a no leads nowhere: ``"skip"`` what comes after this task, or ``"fail"`` it
    :param sign_links: show the poster, and link a video that opens without credentials of one's own, for as long as the question
        waits, seven days at most. Whoever may see the Dag may then see the video. By default there is no poster, and the link
        leads to the store's console, or to the object
    :param base_url: for links: where a reviewer's browser finds the bucket's root; wins over ``sign_links`` (templated)
    :param aws_conn_id: the connection to S3 (templated)
    :param kwargs: ``notifiers``, ``assigned_users``, and all else that Airflow's ``HITLOperator`` takes
    :raises ValueError: an argument is none of those that it may be
    :raises AirflowFailException: no video was given; it was rejected, and ``on_rejected`` is ``"fail"``
    """

    template_fields = (*HITLOperator.template_fields, "video", "text", "base_url", "aws_conn_id")
    template_fields_renderers = {"video": "json", "text": "txt", "body": "md"}  # noqa: RUF012 - Airflow's own convention
    ui_color = "#f5e6ff"
    operator_extra_links = (ArchivedVideoLink(), ManifestLink())
    linked: LinkedObjects | None = None
    """What the links lead to."""

    def __init__(
        self,
        *,
        video: dict[str, Any] | str | XComArg,
        text: str | None = None,
        subject: str = "Publish this video of {{ dag.dag_id }}?",
        approved: str | Iterable[str] | None = None,
        rejected: str | Iterable[str] | None = None,
        rejected_means: str | None = None,
        default: str = "reject",
        response_timeout: timedelta | None = timedelta(hours=4),
        on_rejected: str = "skip",
        sign_links: bool = False,
        base_url: str | None = None,
        aws_conn_id: str | None = "aws_default",
        **kwargs: Any,
    ) -> None:
        if default not in _ANSWERS:
            raise ValueError(f"default must be one of {', '.join(map(repr, _ANSWERS))}, not {default!r}")
        if on_rejected not in _ON_REJECTED:
            raise ValueError(f"on_rejected must be one of {', '.join(map(repr, _ON_REJECTED))}, not {on_rejected!r}")
        kwargs["params"] = _with_note(kwargs.get("params"))
        super().__init__(
            subject=subject,
            options=[APPROVE, REJECT],
            defaults=_ANSWERS[default],
            response_timeout=response_timeout,
            **kwargs,
        )
        self.video = video
        self.text = text
        self.approved = approved
        self.rejected = rejected
        self.rejected_means = rejected_means
        self.on_rejected = on_rejected
        self.sign_links = sign_links
        self.base_url = base_url
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Context) -> Any:
        """Put the question together, and ask it."""
        from airflow_provider_omnihuman.api.urls import without_signature
        from airflow_provider_omnihuman.operators.review_body import review_body

        with raising_airflow_errors():
            self._check_branches(context)
            facts, manifest = self._seen()
            urls = self._urls(facts)
            self.body = review_body(facts, manifest, urls=urls, text=self.text, said=self.body, consequences=self._consequences())
            if context["ti"].try_number > 1:
                self._check_question(context, without_signature(urls["video"]), uri=facts["uri"])
        return super().execute(context)

    def _check_branches(self, context: Context) -> None:
        """Refuse to go on to what is not there, before a person has answered."""
        dag = context["ti"].task.dag
        for name in ("approved", "rejected"):
            if unknown := set(_names(getattr(self, name))) - set(dag.task_ids) - set(dag.task_group_dict):
                raise AirflowFailException(
                    f"{name} is {', '.join(map(repr, sorted(unknown)))}: the Dag has no such task or task group; "
                    "one in a task group has the group's id before its own"
                )

    def _check_question(self, context: Context, url: str, *, uri: str) -> None:
        """Refuse to ask about another video than the one that is shown: Airflow keeps the words of a task's first question."""
        from airflow_provider_omnihuman.operators.asked import asked_body

        if not re.search(rf"\({re.escape(url)}[)?&]", asked_body(self, context["ti"].id) or ""):
            raise AirflowFailException(
                f"Airflow keeps the words of a task's first question, and those show another video than {uri}, which nobody "
                "would have seen before it is published: ask about it in a new run"
            )

    def execute_complete(self, context: Context, event: dict[str, Any]) -> None:
        """Go on as the answer says."""
        answer = HITLOperator.execute_complete(self, context, event)
        verdict = self._verdict(answer)
        self._tell(verdict)
        with raising_airflow_errors():
            facts, manifest = self._seen()
        context["ti"].xcom_push(key="review", value=verdict)
        if verdict["approved"]:
            # Not returned: where tasks are skipped, Airflow ends this one by an exception, and would lose what it returns.
            context["ti"].xcom_push(key="return_value", value={**facts, "review": verdict})
        else:
            self._push_next(context, manifest, note=verdict["note"])
        self.do_branch(context, self._branches(context, verdict))

    @property
    def _hook(self) -> S3Hook:
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        return S3Hook(aws_conn_id=self.aws_conn_id)

    def _seen(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the video's facts, and its manifest; note where the links lead."""
        from airflow_provider_omnihuman.operators.given_video import given_video, manifest_of

        hook = self._hook
        facts = given_video(self.video, hook=hook)
        self.linked = LinkedObjects(hook=hook, uris={"video": facts["uri"], "manifest": facts["manifest_uri"]})
        return facts, manifest_of(facts, hook=hook)

    def _urls(self, facts: Mapping[str, Any]) -> dict[str, str]:
        """Return where a person finds the video, and its poster if a browser is sure to be let in."""
        plain = LinkedObjects(hook=self._hook, uris={"video": facts["uri"]})
        urls = {"video": self._url(facts["uri"]) or plain.url("video")}
        poster = self._url(facts["poster_uri"]) if facts.get("poster_uri") else ""
        return urls | ({"poster": poster} if poster else {})

    def _url(self, uri: str) -> str:
        """Return an address that opens without credentials of one's own; nothing where none is wanted."""
        from airflow_provider_omnihuman.archive.location import S3Location
        from airflow_provider_omnihuman.operators.inputs import MediaInputs

        if self.base_url:
            return f"{self.base_url.rstrip('/')}/{quote(S3Location.from_uri(uri, field='video').key)}"
        if not self.sign_links:
            return ""
        wait_s = self.response_timeout.total_seconds() if self.response_timeout else _LONGEST_SIGNATURE_S
        signing = MediaInputs(aws_conn_id=self.aws_conn_id, expires_in_s=min(wait_s, _LONGEST_SIGNATURE_S))
        url = signing.url(uri, field="video")
        mask_secret(urlsplit(url).query)
        return url

    def _consequences(self) -> str:
        """Return what the answers lead to."""
        told = f"*{REJECT}* {self.rejected_means or 'publishes nothing'}."
        if self.response_timeout and self.defaults:
            until = datetime.now(UTC) + self.response_timeout
            told += f" Unanswered until {until:%Y-%m-%d %H:%M} UTC, *{self.defaults[0]}* applies."
        return told

    def _verdict(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        user = answer["responded_by_user"]
        return {
            "approved": list(answer["chosen_options"]) == [APPROVE],
            "answered": user is not None,
            "note": str((answer["params_input"] or {}).get("note") or "").strip(),
            "reviewer": user["name"] if user else None,
            "responded_at": answer["responded_at"].isoformat(),
        }

    def _tell(self, verdict: Mapping[str, Any]) -> None:
        from airflow_provider_omnihuman.api.expected import span

        word = "approved" if verdict["approved"] else "rejected"
        if verdict["answered"]:
            note = f", with the note: {verdict['note']}" if verdict["note"] else ""
            self.log.info("%s %s the video%s", verdict["reviewer"], word, note)
        else:
            waited = span(self.response_timeout.total_seconds()) if self.response_timeout else "the time given"
            self.log.warning("Nobody answered within %s: the video is %s by default", waited, word)

    def _push_next(self, context: Context, manifest: Mapping[str, Any], *, note: str) -> None:
        from zlib import crc32

        from airflow_provider_omnihuman.operators.next_round import next_request

        ti = context["ti"]
        luck = crc32(f"{ti.dag_id}/{ti.run_id}/{ti.task_id}/{ti.map_index}".encode())
        for name, value in next_request(manifest.get("request") or {}, note=note, luck=luck).items():
            ti.xcom_push(key=f"next_{name}", value=value or "")  # of None, an XComArg would say that there is none

    def _branches(self, context: Context, verdict: Mapping[str, Any]) -> list[str] | None:
        """Return the tasks that follow; None for none of them."""
        again = _names(self.rejected)
        if verdict["approved"]:
            if self.approved is not None:
                return _names(self.approved)
            others = set(self._expand_task_group_roots(context["ti"], again))
            return sorted(self.downstream_task_ids - others) or None
        if again and verdict["answered"]:
            return again
        if self.on_rejected == "fail":
            by = f"{verdict['reviewer']}: {verdict['note'] or 'no note'}" if verdict["answered"] else "nobody, by default"
            raise AirflowFailException(f"the video was rejected by {by}")
        return None


def _names(branches: str | Iterable[str] | None) -> list[str]:
    return [branches] if isinstance(branches, str) else list(branches or ())


def _with_note(params: Any) -> dict[str, Any]:
    """Return the parameters of the question's form: a note, before those of the Dag's author.

    :param params: as Airflow hands them on: those of the Dag among them, which are no part of the form, as their ``source`` says
    """
    given = {name: params.get_param(name) if hasattr(params, "get_param") else params[name] for name in params or ()}
    note = Param(
        "",
        type=["string", "null"],
        format="multiline",
        title="Note",
        description="What to do better: goes into the prompt of the next round, in the prompt's language",
        source="task",
    )
    return {"note": note, **given}
