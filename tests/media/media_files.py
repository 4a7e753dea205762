"""Makes real files by FFmpeg, whose facts are therefore known."""

import io
import struct

import av
import numpy as np

LABEL = {"Label": "1", "ContentProducer": "producer", "ProduceID": "p-1", "ContentPropagator": "spread", "PropagateID": "s-1"}


def picture(number, of=50, *, black=False, size=(320, 180)):
    """A gradient that moves, so that every picture differs; or a black one."""
    width, height = size
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    image = np.stack([x * 255 // width, y * 255 // height, np.full_like(x, number * 255 // of)], axis=-1)
    return av.VideoFrame.from_ndarray((image * (not black)).astype("uint8"), format="rgb24")


def make_video(path, *, seconds=2.0, fps=25, sound=True, tags=None, black=lambda _second: False, **options):
    """Write an MP4 (or what the path's ending says) with H.264, and AAC unless told otherwise."""
    with av.open(str(path), "w", options=options) as container:
        container.metadata.update(tags or {})
        video = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "g": "10"})
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        audio = container.add_stream("aac", rate=48000, layout="mono") if sound else None
        for number in range(round(seconds * fps)):
            container.mux(video.encode(picture(number, black=black(number / fps))))
        container.mux(video.encode(None))
        if audio:
            container.mux(audio.encode(tone(seconds, 48000)))
            container.mux(audio.encode(None))
    return path


def tone(seconds, sample_rate, channels=1):
    """A sine as one frame."""
    wave = (np.sin(np.arange(int(seconds * sample_rate)) / 20) * 8000).astype("int16")
    layout = "mono" if channels == 1 else "stereo"
    samples = np.repeat(wave, channels)[None]
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=layout)
    frame.sample_rate = sample_rate
    return frame


def make_audio(container_format, codec, *, seconds=3.0, sample_rate=24000, channels=1):
    """Encode a tone; return the file's bytes."""
    target = io.BytesIO()
    with av.open(target, "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=sample_rate, layout="mono" if channels == 1 else "stereo")
        container.mux(stream.encode(tone(seconds, sample_rate, channels)))
        container.mux(stream.encode(None))
    return target.getvalue()


def move_label_to_moov_meta(mp4):
    """Turn ``moov/udta/meta``, where FFmpeg writes tags, into ``moov/meta``."""
    moov = mp4.find(b"moov") - 4
    udta = mp4.find(b"udta", moov) - 4
    (moov_size,) = struct.unpack(">I", mp4[moov : moov + 4])
    (udta_size,) = struct.unpack(">I", mp4[udta : udta + 4])
    assert udta + udta_size == moov + moov_size == len(mp4), "udta is the last box of the last box"
    meta = mp4[udta + 8 : udta + udta_size]
    return mp4[:moov] + struct.pack(">I", moov_size - 8) + mp4[moov + 4 : udta] + meta
