"""A text is spoken, in one call of the engine or in several, and put into S3."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.archive.spoken import Spoken, keep_spoken, put_timings

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from airflow_provider_omnihuman.archive.location import S3Location
    from airflow_provider_omnihuman.speech.protocol import AudioFormat, SpokenAudio
    from airflow_provider_omnihuman.speech.timings import Timing

__all__ = ["Speaking"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaking:
    """How a text becomes an object in S3.

    :param hook: to S3
    :param place: of the object
    :param stored_as: its format
    :param kept: where a copy is kept for whoever asks for the same next; None where none is
    :param replace: write over an object that is there already
    :param log: of the task
    """

    hook: S3Hook
    place: S3Location
    stored_as: AudioFormat
    kept: S3Location | None
    replace: bool
    log: Any

    def at_once(self, text: str, *, speak: Callable[[str], SpokenAudio]) -> Spoken:
        """Speak a text in one call; return what is known of it.

        :param text: within the engine's limit
        :param speak: asks the engine
        """
        audio = speak(text)
        self._put_timings(audio.timings)
        self.hook.load_bytes(audio.data, self.place.key, self.place.bucket, replace=self.replace)
        return self._keep(Spoken(audio.duration_s, len(audio.data), has_timings=bool(audio.timings)))

    def in_pieces(
        self, texts: Sequence[str], *, speak: Callable[[str], SpokenAudio], kept: Callable[[str], S3Location | None]
    ) -> Spoken:
        """Speak a text piece by piece, and join them; return what is known of the whole.

        :param texts: of the pieces
        :param speak: asks the engine
        :param kept: returns where a piece is kept, for its text; None where it is not
        """
        from airflow_provider_omnihuman.archive.long_speech import Say, speak_long

        with tempfile.TemporaryDirectory(prefix="speech-") as folder:
            file = Path(folder, "speech")
            whole = speak_long(texts, file, Say(speak, kept, self.hook), audio_format=self.stored_as)
            self._put_timings(whole.timings)
            self.hook.load_file(file, self.place.key, self.place.bucket, replace=self.replace)
            size = file.stat().st_size
        return self._keep(Spoken(whole.duration_s, size, whole.pieces, has_timings=bool(whole.timings)))

    def _put_timings(self, timings: Sequence[Timing]) -> None:
        """Write the times of the words, before the audio: where that is, they are."""
        if timings:
            put_timings(self.hook, self.place, timings)

    def _keep(self, spoken: Spoken) -> Spoken:
        self.log.info("%s: %.1f s of speech, %d bytes", self.place.uri, spoken.seconds, spoken.bytes)
        if self.kept:
            keep_spoken(self.hook, self.place, self.kept, spoken, content_type=self.stored_as.content_type)
        return spoken
