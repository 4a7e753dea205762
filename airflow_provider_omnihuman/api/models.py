"""What goes to the service and what comes back, validated: requests, statuses, replies."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.urls import check_media_url, shown, without_query

__all__ = [
    "MAX_AUDIO_S",
    "MAX_IMAGE_BYTES",
    "MAX_IMAGE_PIXELS",
    "MAX_MASKS",
    "PROMPT_ADVISED_CHARACTERS",
    "RESOLUTIONS",
    "URL_LIFE_S",
    "AigcMeta",
    "Subjects",
    "Submission",
    "TaskReply",
    "TaskStatus",
    "Video",
    "VideoRequest",
]

MAX_AUDIO_S = 60.0
"""The audio must be shorter than this, in seconds (reference page, ``audio_url``)."""
MAX_IMAGE_BYTES = 5 * 1024 * 1024
"""The picture must be smaller than 5 MB (vendor's product page)."""
MAX_IMAGE_PIXELS = 4096
"""Each side of the picture must be smaller than this (vendor's product page)."""
MAX_MASKS = 5
"""Subject detection returns at most five masks."""
PROMPT_ADVISED_CHARACTERS = 300
"""Longer prompts are allowed and advised against (reference page, ``prompt``)."""
URL_LIFE_S = 3600
"""How long the URL of a video or mask lives, seconds (reference page, ``video_url``)."""
RESOLUTIONS = (720, 1080)
"""Values of ``output_resolution`` (reference page)."""
_MAX_ID_CHARACTERS = 256
_MAX_SEED = 2**63 - 1
"""The page says "int"; more than 64 bits is no service's integer."""


def _check_sendable(text: str, *, field: str) -> None:
    """Refuse what JSON in UTF-8 cannot carry: half of a surrogate pair, as a careless cut through an emoji leaves it."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequestError(f"{field} holds a broken character (a lone surrogate) at position {error.start}") from error


class TaskStatus(StrEnum):
    """``data.status`` of CVGetResult (reference page)."""

    PROCESSING = "processing"
    """Being prepared."""
    IN_QUEUE = "in_queue"
    """Submitted, waiting for its turn."""
    GENERATING = "generating"
    """Being rendered."""
    DONE = "done"
    """Over: a video, or an error code in the envelope."""
    NOT_FOUND = "not_found"
    """No such task, or older than 12 hours."""
    EXPIRED = "expired"
    """Too old: submit again."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to the task."""
        return self is TaskStatus.DONE or self.is_lost

    @property
    def is_lost(self) -> bool:
        """Whether the service no longer knows the task."""
        return self in {TaskStatus.NOT_FOUND, TaskStatus.EXPIRED}


@dataclass(frozen=True, slots=True)
class AigcMeta:
    """The implicit AIGC label to write into the video, asked for on the query (reference page, AIGCMeta).

    :param producer_id: the generating provider's unique id of this content, ≤ 256 characters; required
    :param content_propagator: id of the provider who publishes it, ≤ 256 characters; required
    :param content_producer: id of the generating service, ≤ 256 characters
    :param propagate_id: the publisher's unique id of this content, ≤ 256 characters
    :raises InvalidRequestError: names the field
    """

    producer_id: str
    content_propagator: str
    content_producer: str | None = None
    propagate_id: str | None = None

    def __post_init__(self) -> None:
        required = {"producer_id", "content_propagator"}
        for item in fields(self):
            value = getattr(self, item.name)
            if value is None and item.name not in required:
                continue
            if not isinstance(value, str) or not value:
                raise InvalidRequestError(
                    f"aigc_meta.{item.name} must be a non-empty string, not {shown(value)}; "
                    "producer_id and content_propagator are required"
                )
            if len(value) > _MAX_ID_CHARACTERS:
                raise InvalidRequestError(
                    f"aigc_meta.{item.name} has {len(value)} characters; at most {_MAX_ID_CHARACTERS} are allowed"
                )
            _check_sendable(value, field=f"aigc_meta.{item.name}")

    @classmethod
    def from_dict(cls, data: Any) -> AigcMeta:
        """Build it from a mapping such as a Dag's parameter; unknown and missing keys are named.

        :raises InvalidRequestError: for anything but a mapping of the four fields
        """
        if isinstance(data, AigcMeta):
            return data
        if not isinstance(data, dict):
            raise InvalidRequestError(f"aigc_meta must be a mapping, not {type(data).__name__}")
        known = {item.name for item in fields(cls)}
        if unknown := sorted(map(str, set(data) - known)):
            raise InvalidRequestError(f"aigc_meta has unknown fields {unknown}; known are {sorted(known)}")
        if missing := sorted({"producer_id", "content_propagator"} - set(data)):
            raise InvalidRequestError(f"aigc_meta lacks the required fields {missing}")
        return cls(**data)

    def to_dict(self) -> dict[str, str]:
        """Return the fields that are set, under the API's names."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class VideoRequest:
    """One video to render. Names are the API's (reference page, Body of CVSubmitTask).

    :param image_url: http(s) URL of the portrait: JPG or PNG, < 5 MB, < 4096 × 4096 pixels
    :param audio_url: http(s) URL of the speech, shorter than 60 s
    :param mask_url: at most five mask URLs from subject detection: who speaks
    :param prompt: picture, movement and camera; zh, en, ja, ko, es-MX or id; ≤ 300 characters advised
    :param seed: −1 for a random one, else ≥ 0: the same seed and inputs very likely give the same video
    :param output_resolution: 720 or 1080
    :param pe_fast_mode: faster, at the cost of quality; the vendor advises True with 720 and False with 1080
    :raises InvalidRequestError: says which field, with which value, is wrong
    """

    image_url: str = field(repr=False)
    audio_url: str = field(repr=False)
    mask_url: tuple[str, ...] = field(default=(), repr=False)
    prompt: str | None = None
    seed: int = -1
    output_resolution: int = 1080
    pe_fast_mode: bool = False

    def __post_init__(self) -> None:
        check_media_url(self.image_url, field="image_url")
        check_media_url(self.audio_url, field="audio_url")
        if not isinstance(self.mask_url, tuple):
            raise InvalidRequestError(f"mask_url must be a list of URLs, not {type(self.mask_url).__name__}")
        if len(self.mask_url) > MAX_MASKS:
            raise InvalidRequestError(f"mask_url has {len(self.mask_url)} masks; at most {MAX_MASKS} are allowed")
        for index, url in enumerate(self.mask_url):
            check_media_url(url, field=f"mask_url[{index}]")
        self._check_parameters()

    def _check_parameters(self) -> None:
        if self.prompt is not None and not isinstance(self.prompt, str):
            raise InvalidRequestError(f"prompt must be text, not {type(self.prompt).__name__}")
        _check_sendable(self.prompt or "", field="prompt")
        if type(self.seed) is not int or not -1 <= self.seed <= _MAX_SEED:
            raise InvalidRequestError(f"seed must be an integer ≥ -1 (-1: random) of at most 64 bits, not {shown(self.seed)}")
        if type(self.output_resolution) is not int or self.output_resolution not in RESOLUTIONS:
            raise InvalidRequestError(f"output_resolution must be 720 or 1080, not {shown(self.output_resolution)}")
        if type(self.pe_fast_mode) is not bool:
            raise InvalidRequestError(f"pe_fast_mode must be true or false, not {shown(self.pe_fast_mode)}")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the vendor advises against without refusing it."""
        found = []
        if self.prompt and len(self.prompt) > PROMPT_ADVISED_CHARACTERS:
            found.append(
                f"prompt has {len(self.prompt)} characters; at most {PROMPT_ADVISED_CHARACTERS} are advised, "
                "the rest may be ignored"
            )
        return tuple(found)

    def to_body(self) -> dict[str, Any]:
        """Return the body's fields, without ``req_key``, which belongs to the site."""
        body: dict[str, Any] = {"image_url": self.image_url, "audio_url": self.audio_url}
        if self.mask_url:
            body["mask_url"] = list(self.mask_url)
        if self.prompt:
            body["prompt"] = self.prompt
        body |= {
            "seed": self.seed,
            "output_resolution": self.output_resolution,
            "pe_fast_mode": self.pe_fast_mode,
        }
        return body

    @property
    def urls(self) -> dict[str, str]:
        """The inputs that the service fetches, by the name that a message gives them."""
        masks = {f"mask_url[{index}]": url for index, url in enumerate(self.mask_url)}
        return {"image_url": self.image_url, "audio_url": self.audio_url, **masks}

    def facts(self) -> dict[str, Any]:
        """Return the request as it may be logged and archived: the queries of its URLs left out."""
        return {
            **self.to_body(),
            "image_url": without_query(self.image_url),
            "audio_url": without_query(self.audio_url),
            **({"mask_url": [without_query(url) for url in self.mask_url]} if self.mask_url else {}),
        }


@dataclass(frozen=True, slots=True)
class Submission:
    """An accepted job.

    :param task_id: always a string: a 19-digit id that went through a float comes back wrong
    :param request_id: of the reply that accepted it
    """

    task_id: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class TaskReply:
    """One answer to CVGetResult with code 10000.

    :param video_url: signed, dies after one hour
    :param aigc_meta_tagged: whether the label was written; None where the reply does not say
    :param result: the decoded ``resp_data``, where the call answers in it
    """

    task_id: str
    status: TaskStatus
    video_url: str | None = field(default=None, repr=False)
    aigc_meta_tagged: bool | None = None
    request_id: str | None = None
    result: dict[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Video:
    """A finished video.

    :param video_url: signed, dies at :attr:`url_expires_at`
    :param asked_at: when the URL was received, epoch seconds
    """

    task_id: str
    video_url: str = field(repr=False)
    aigc_meta_tagged: bool | None
    request_id: str | None
    asked_at: float

    @property
    def url_expires_at(self) -> float:
        """When ``video_url`` dies, epoch seconds; asking again by task id gives a fresh one while the service keeps the task."""
        return self.asked_at + URL_LIFE_S

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data, the shape of the XCom."""
        return {**{item.name: getattr(self, item.name) for item in fields(self)}, "url_expires_at": self.url_expires_at}


@dataclass(frozen=True, slots=True)
class Subjects:
    """What subject detection found.

    :param mask_urls: largest subject first, at most five; each dies after one hour
    """

    mask_urls: tuple[str, ...] = field(repr=False)
    request_id: str | None = None
