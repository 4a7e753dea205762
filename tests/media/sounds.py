"""Sounds whose samples are known: written by Python's own library, encoded by FFmpeg."""

import io
import wave

import av
import numpy as np


def noise(seconds, *, rate=16000, channels=1, seed=0, loudness=8000):
    """Return samples that never repeat, so that a shift by a single one shows."""
    chance = np.random.default_rng(seed)
    return chance.integers(-loudness, loudness, size=(round(seconds * rate), channels), dtype=np.int16)


def wav_of(samples, *, rate=16000):
    """Write samples as WAV; return the file's bytes."""
    file = io.BytesIO()
    with wave.open(file, "wb") as audio:
        audio.setnchannels(samples.shape[1])
        audio.setsampwidth(2)
        audio.setframerate(rate)
        audio.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


def samples_of(source):
    """Read a WAV file's samples and its rate."""
    with wave.open(io.BytesIO(source) if isinstance(source, bytes) else str(source), "rb") as audio:
        assert audio.getsampwidth() == 2
        data = audio.readframes(audio.getnframes())
        return np.frombuffer(data, "<i2").reshape(-1, audio.getnchannels()), audio.getframerate()


def encoded(samples, container_format, codec, *, rate=16000, sample_format="s16"):
    """Encode samples by FFmpeg; return the file's bytes."""
    target = io.BytesIO()
    layout = "mono" if samples.shape[1] == 1 else "stereo"
    with av.open(target, "w", format=container_format) as container:
        # FFmpeg's own encoder of Vorbis calls itself experimental; that of AAC takes its time.
        options = {"strict": "experimental", **({"aac_coder": "fast"} if codec == "aac" else {})}
        stream = container.add_stream(codec, rate=rate, layout=layout, options=options)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples.reshape(1, -1)).astype("int16" if sample_format == "s16" else "int32"),
            format=sample_format,
            layout=layout,
        )
        frame.sample_rate = rate
        frame.pts = 0  # or an MP4 does not say how much of its beginning is the encoder's
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return target.getvalue()
