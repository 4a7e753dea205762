"""The espeak-ng library, called in process: text in, 16-bit samples and the times of words out."""

from __future__ import annotations

import ctypes
import re
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.speech.errors import SpeechInputError, SpeechSetupError
from airflow_provider_omnihuman.speech.espeak_words import SpokenEvent, read_events

if TYPE_CHECKING:
    from collections.abc import Iterator

# espeak-ng keeps voice, rate and callback in globals of the process: one text at a time.
_LOCK = threading.Lock()

# Values of speak_lib.h (espeak-ng 1.52).
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_DONT_EXIT = 0x8000
_CHARS_UTF8 = 1
_POS_CHARACTER = 1
_PARAMETER_RATE = 1
_NORMAL_RATE_WPM = 175
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)

# No path and no control character may reach the look-up of voice files.
_VOICE_NAME = re.compile(r"[\w+() -]{1,64}")
# espeak-ng copies the path of its data into 160 bytes (N_PATH_HOME), file names included.
_LONGEST_DATA_PATH = 120
_ANY_SEED = 1


@dataclass(frozen=True, slots=True)
class Samples:
    """One channel of signed 16-bit samples in the machine's byte order.

    :param events: what the library told while it spoke.
    """

    pcm: bytes
    sample_rate: int
    events: tuple[SpokenEvent, ...] = ()

    @property
    def duration_s(self) -> float:
        """How long they play."""
        return len(self.pcm) / 2 / self.sample_rate


def speak(text: str, voice: str, speech_rate: int = 0) -> Samples:
    """Return the spoken text; the same arguments give the same samples.

    :param text: what to say.
    :param voice: a language code or a voice name of espeak-ng, such as ``en``, ``cmn``, ``en-us+f3``.
    :param speech_rate: percent of change to the normal speed.
    """
    with _LOCK, _fresh_library() as (library, sample_rate):
        _set_voice(library, voice)
        library.espeak_SetParameter(_PARAMETER_RATE, round(_NORMAL_RATE_WPM * (1 + speech_rate / 100)), 0)
        # A NUL would end the text early.
        pcm, events = _collect(library, text.replace("\0", " ").encode())
        return Samples(pcm, sample_rate, events)


def check_voice(voice: str) -> None:
    """Raise :class:`SpeechInputError` for a voice that is not there.

    :param voice: as of :func:`speak`.
    """
    with _LOCK, _fresh_library() as (library, _):
        _set_voice(library, voice)


def _set_voice(library: Any, voice: str) -> None:
    if not _VOICE_NAME.fullmatch(voice) or library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise SpeechInputError(
            f"espeak-ng has no voice {voice!r}",
            advice="use a language code such as 'en', 'zh' or 'ja'; `espeak-ng --voices` lists them all",
        )


def _collect(library: Any, text: bytes) -> tuple[bytes, tuple[SpokenEvent, ...]]:
    chunks: list[bytes] = []
    told: list[SpokenEvent] = []

    def keep(samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            chunks.append(ctypes.string_at(samples, count * 2))
        told.extend(read_events(events))
        return 0  # go on

    callback = _CALLBACK(keep)  # held until the call is over: ctypes does not hold it
    library.espeak_SetSynthCallback(callback)
    library.espeak_Synth.argtypes = [
        *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int),
        *(ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p),
    ]
    status = library.espeak_Synth(text, len(text) + 1, 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None)
    if status != 0:
        raise SpeechSetupError(f"espeak-ng failed with status {status}")
    return b"".join(chunks), tuple(told)


@contextmanager
def _fresh_library() -> Iterator[tuple[Any, int]]:
    """Load the library, and unload it: it carries state from text to text that nothing else resets.

    Measured: 2 ms each time, where texts spoken one after another differed in their samples.
    """
    from _ctypes import dlclose

    loader = _import_loader()
    library = ctypes.CDLL(loader.get_library_path())
    try:
        with _short_path(loader.get_data_path()) as data:
            sample_rate = library.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, data, _INITIALIZE_DONT_EXIT)
            if sample_rate <= 0:
                raise SpeechSetupError("espeak-ng cannot read its data", advice="reinstall espeakng-loader")
            library.espeak_ng_SetRandSeed(ctypes.c_long(_ANY_SEED))  # the breath in some voices is random
            yield library, int(sample_rate)
            library.espeak_Terminate()
    finally:
        dlclose(library._handle)  # noqa: SLF001 — ctypes has no public way


def _import_loader() -> Any:
    try:
        import espeakng_loader
    except ImportError as error:
        raise SpeechSetupError(
            "the local speech engine is not installed",
            advice="pip install 'airflow-provider-omnihuman[speech-local]' (espeak-ng, GPL-3.0)",
        ) from error
    return espeakng_loader


@contextmanager
def _short_path(data: str) -> Iterator[bytes]:
    """Give a path that fits into espeak-ng's buffer: a link, where the real one is too long."""
    if len(data.encode()) <= _LONGEST_DATA_PATH:
        yield data.encode()
        return
    with tempfile.TemporaryDirectory(prefix="espeak-") as folder:
        link = Path(folder, "espeak-ng-data")
        link.symlink_to(data, target_is_directory=True)
        yield str(link).encode()
