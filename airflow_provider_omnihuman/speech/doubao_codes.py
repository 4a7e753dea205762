"""What the codes of the Doubao speech API mean, as data."""

from __future__ import annotations

from dataclasses import dataclass

#: The code of the frame that closes a whole audio (vendor page "HTTP Chunked/SSE unidirectional streaming V3").
END = 20000000
#: The code of a frame with a piece of audio.
PIECE = 0


@dataclass(frozen=True, slots=True)
class CodeMeaning:
    """What a code says, and what to do about it.

    :param meaning: in plain words.
    :param retryable: whether the same request may succeed later.
    :param advice: what to do next.
    """

    meaning: str
    retryable: bool
    advice: str


_CONCURRENCY = CodeMeaning(
    "too many requests at the same time for this account",
    retryable=True,
    advice="run fewer speech tasks at once (an Airflow pool), or buy concurrency",
)

#: Code to meaning. Sources: the vendor's error table, and the wordings that callers report.
DOUBAO_CODES: dict[int, CodeMeaning] = {
    40402003: CodeMeaning(
        "the text is too long", retryable=False, advice="set split_text=True, with a lower max_bytes in engine_options"
    ),
    45000000: CodeMeaning(
        "the speaker may not be used, or is unknown",
        retryable=False,
        advice="check `voice` against the speakers that this account has in the console",
    ),
    45000001: CodeMeaning(
        "an argument is wrong", retryable=False, advice="check voice, audio_format, sample_rate and engine_options"
    ),
    45000010: CodeMeaning(
        "the credentials are refused",
        retryable=False,
        advice="use an API key of the new console as password, or App ID and Access Key of the old one",
    ),
    45000030: CodeMeaning(
        "the resource is not granted to these credentials",
        retryable=False,
        advice="activate it in the console, or set the connection's extra `resource_id` to one that is active",
    ),
    45000292: _CONCURRENCY,
    45002001: CodeMeaning("nothing in the text can be read out", retryable=False, advice="give a text in the speaker's language"),
    55000000: CodeMeaning("the service failed", retryable=True, advice="try again later"),
}

# One code, two meanings: these words in the message decide. (code, words, meaning)
_BY_MESSAGE: tuple[tuple[int, tuple[str, ...], CodeMeaning], ...] = (
    (45000000, ("quota exceeded", "concurrency"), _CONCURRENCY),
    (
        55000000,
        ("mismatched with speaker",),
        CodeMeaning(
            "the speaker belongs to another resource",
            retryable=False,
            advice="speakers named *_uranus_* need `resource_id` seed-tts-2.0, *_moon_* and *_mars_* seed-tts-1.0",
        ),
    ),
)

_FIRST_SERVER_FAULT = 55000000
_HTTP_TOO_MANY = 429
_HTTP_SERVER_FAULT = 500


def meaning_of(code: int, message: str) -> CodeMeaning:
    """Return what a code means, given the message that came with it."""
    text = message.casefold()
    for special, words, meaning in _BY_MESSAGE:
        if code == special and all(word in text for word in words):
            return meaning
    return DOUBAO_CODES.get(code) or CodeMeaning(
        "the service refused",
        # ? not documented: codes from 55000000 on are the service's own faults, those below the caller's
        retryable=code >= _FIRST_SERVER_FAULT,
        advice="look the code up in the vendor's error table",
    )


def meaning_of_status(http_status: int) -> CodeMeaning:
    """Return what an HTTP status means that came without any code, from a proxy or a gateway."""
    is_passing = http_status == _HTTP_TOO_MANY or http_status >= _HTTP_SERVER_FAULT
    return CodeMeaning(
        f"HTTP {http_status} without a code of the service",
        retryable=is_passing,
        advice="try again later" if is_passing else "check the connection's endpoint and credentials",
    )
