"""How much text one call takes, told before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from airflow_provider_omnihuman.speech.errors import SpeechInputError

#: The range of ``speech_rate``, in percent of change: -50 is half the speed, 100 is twice.
#: Source: Doubao speech v3, ``audio_params.speech_rate``. The other engines take the same scale.
SPEECH_RATES = range(-50, 101)


class TextUnit(StrEnum):
    """What an engine counts."""

    CHARACTERS = "characters"
    BYTES = "UTF-8 bytes"


@dataclass(frozen=True, slots=True)
class TextLimit:
    """The longest text that one call takes.

    :param maximum: how many units.
    :param unit: what is counted.
    """

    maximum: int
    unit: TextUnit = TextUnit.CHARACTERS

    def measure(self, text: str) -> int:
        """Return the length of a text in this limit's unit."""
        return len(text.encode()) if self.unit is TextUnit.BYTES else len(text)

    def check(self, text: str, *, engine: str) -> None:
        """Raise :class:`SpeechInputError` for a text that says nothing, says too much, or is no text."""
        check_text(text)
        if (length := self.measure(text)) > self.maximum:
            raise SpeechInputError(
                f"the text has {length} {self.unit}, the {engine} engine takes {self.maximum} in one call",
                advice="set split_text=True, to have it spoken in pieces and joined",
            )


def check_text(text: str) -> None:
    """Raise :class:`SpeechInputError` for a text that says nothing, or is no text."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise SpeechInputError("the text holds half a character (a lone surrogate)", advice="decode it from its source as UTF-8")
    if not text.strip():
        raise SpeechInputError("there is no text to speak", advice="give a text with words in it")


def check_voice(voice: object) -> None:
    """Raise :class:`SpeechInputError` for what is no name of a voice: a request could not carry it."""
    if not isinstance(voice, str) or not voice or not voice.isprintable():
        raise SpeechInputError(f"voice is {voice!a}", advice="use a name from the engine's list of voices")


def check_speech_rate(speech_rate: int) -> None:
    """Raise :class:`SpeechInputError` for a rate outside :data:`SPEECH_RATES`."""
    if speech_rate not in SPEECH_RATES:
        raise SpeechInputError(
            f"speech_rate is {speech_rate!r}",
            advice=f"use a whole number from {SPEECH_RATES[0]} (half speed) to {SPEECH_RATES[-1]} (twice)",
        )
