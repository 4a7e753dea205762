"""The local engine, judged by decoding what it made."""

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import av
import pytest

from airflow_provider_omnihuman.speech.errors import SpeechInputError
from airflow_provider_omnihuman.speech.local import LocalSpeechEngine

NEWS = "Good evening. Here is the news from the harbour: the ships are back."
CODECS = {"mp3": "mp3float", "wav": "pcm_s16le", "ogg_opus": "opus", "pcm": "pcm_s16le"}


def decode(audio):
    """Return codec, sample rate, seconds and loudness, as a decoder counts them."""
    raw = {"format": "s16le", "options": {"sample_rate": str(audio.sample_rate)}}
    with av.open(io.BytesIO(audio.data), **(raw if audio.format == "pcm" else {})) as container:
        stream = container.streams.audio[0]
        frames = list(container.decode(stream))
        loudest = max(abs(frame.to_ndarray()).max() for frame in frames)
        seconds = sum(frame.samples for frame in frames) / frames[0].sample_rate
        return stream.codec_context.name, stream.sample_rate, seconds, float(loudest)


@pytest.mark.parametrize("audio_format", CODECS)
@pytest.mark.parametrize("sample_rate", [8000, 24000, 48000])
def test_every_format_decodes_to_the_length_that_was_told(audio_format, sample_rate):
    audio = LocalSpeechEngine(audio_format, sample_rate).synthesize(NEWS)
    codec, decoded_rate, seconds, loudest = decode(audio)
    assert codec == CODECS[audio_format]
    assert decoded_rate == (48000 if audio_format == "ogg_opus" else sample_rate)  # Opus decodes at 48 kHz
    assert seconds == pytest.approx(audio.duration_s, abs=0.01)
    assert 3 < seconds < 5
    assert loudest > 0.1


@pytest.mark.parametrize("audio_format", CODECS)
def test_the_same_text_gives_the_same_bytes_whatever_was_said_before(audio_format):
    engine = LocalSpeechEngine(audio_format)
    first = engine.synthesize(NEWS).data
    engine.synthesize("大家好", "zh")
    assert engine.synthesize(NEWS).data == first


def test_another_process_makes_the_same_bytes():
    program = (
        "import hashlib; from airflow_provider_omnihuman.speech.local import LocalSpeechEngine as E;"
        "print(hashlib.sha256(E('ogg_opus').synthesize('hello there').data).hexdigest())"
    )
    made = {subprocess.check_output([sys.executable, "-c", program]) for _ in range(2)}
    assert len(made) == 1


def test_threads_do_not_mix_their_voices():
    engine = LocalSpeechEngine("wav")
    jobs = [("hello there", "en"), ("大家好今天的新闻", "zh"), ("おはようございます", "ja")] * 8
    alone = {job: engine.synthesize(*job).data for job in set(jobs)}
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda job: engine.synthesize(*job).data, jobs))
    assert together == [alone[job] for job in jobs]


@pytest.mark.parametrize(
    ("voice", "text"),
    [
        ("zh", "大家好今天的新闻"),
        ("ja", "おはようございます"),
        ("ko", "안녕하세요"),
        ("id", "Selamat pagi"),
    ],
)
def test_the_languages_of_the_api_are_spoken(voice, text):
    assert LocalSpeechEngine("wav").synthesize(text, voice).duration_s > 0.5


def test_zh_is_mandarin():
    engine = LocalSpeechEngine("wav")
    assert engine.synthesize("大家好", "zh") == engine.synthesize("大家好", "cmn")


def test_speech_rate_changes_the_length():
    slow, normal, fast = (LocalSpeechEngine(speech_rate=rate).synthesize(NEWS).duration_s for rate in (-50, 0, 100))
    assert slow > 1.7 * normal
    assert fast < 0.6 * normal


@pytest.mark.parametrize("voice", ["zz", "zh_female_vv_uranus_bigtts", "", "en\0x", "../../etc/passwd", "en/us"])
def test_an_unknown_voice_is_named(voice):
    with pytest.raises(SpeechInputError) as caught:
        LocalSpeechEngine().synthesize("hello", voice)
    assert repr(voice) in str(caught.value)
    assert "espeak-ng --voices" in str(caught.value)
    assert not caught.value.retryable


@pytest.mark.parametrize("text", ["", "  \n", "…", " . ", "one \ud800 two"])
def test_a_text_that_cannot_be_said_is_an_error(text):
    with pytest.raises(SpeechInputError):
        LocalSpeechEngine().synthesize(text)


def test_a_nul_does_not_cut_the_text():
    engine = LocalSpeechEngine("wav")
    assert engine.synthesize("one\0two").duration_s > engine.synthesize("one").duration_s + 0.1


def test_a_text_over_the_limit_is_refused_with_both_lengths():
    with pytest.raises(SpeechInputError, match=r"100001 characters.* 100000"):
        LocalSpeechEngine().synthesize("a" * 100_001)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"audio_format": "flac"}, "'flac'"),
        ({"audio_format": "ogg_opus", "sample_rate": 44100}, "44100"),
        ({"sample_rate": 1}, "sample rate 1"),
        ({"speech_rate": 101}, "101"),
        ({"speech_rate": -51}, "-51"),
    ],
)
def test_a_bad_setting_is_named_when_the_engine_is_made(settings, named):
    with pytest.raises(SpeechInputError, match=named):
        LocalSpeechEngine(**settings)


def test_a_long_installation_path_does_not_stop_the_voices(tmp_path):
    """espeak-ng has 160 bytes for the path of its data. In a process of its own, where the data is far away."""
    deep = tmp_path / ("d" * 120) / ("e" * 120)
    deep.mkdir(parents=True)
    program = (
        "import sys, pathlib, espeakng_loader\n"
        "far = pathlib.Path(sys.argv[1], 'espeak-ng-data')\n"
        "far.symlink_to(espeakng_loader.get_data_path())\n"
        "espeakng_loader.get_data_path = lambda: str(far)\n"
        "from airflow_provider_omnihuman.speech.local import LocalSpeechEngine\n"
        "print(LocalSpeechEngine().synthesize('ohayo', 'ja').duration_s)"
    )
    assert float(subprocess.check_output([sys.executable, "-c", program, str(deep)], text=True)) > 0.3


def test_a_missing_package_names_the_extra():
    """In a process of its own, where the package cannot be found."""
    program = (
        "import sys; sys.modules['espeakng_loader'] = None\n"
        "from airflow_provider_omnihuman.speech.local import LocalSpeechEngine\n"
        "from airflow_provider_omnihuman.speech.errors import SpeechSetupError\n"
        "try: LocalSpeechEngine().synthesize('hello')\n"
        "except SpeechSetupError as error: print(error)"
    )
    assert "airflow-provider-omnihuman[speech-local]" in subprocess.check_output([sys.executable, "-c", program], text=True)


def test_importing_the_engine_loads_nothing_heavy():
    program = (
        "import sys, airflow_provider_omnihuman.speech.local;"
        "heavy = {'airflow', 'av', 'numpy', 'boto3', 'espeakng_loader', 'httpx'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"
