"""Small clips whose flashes and beeps are at known times, and films measured by what is seen and heard in them."""

from fractions import Fraction

import av
import numpy as np

RATE = 16000
SIZE = (160, 90)
BEEP_S = 0.1


def beeps(seconds, *at_s, rate=RATE):
    """Return sound of that length which is silent but for beeps that begin at these times."""
    time_s = np.arange(round(seconds * rate)) / rate
    is_on = np.any([(time_s >= at) & (time_s < at + BEEP_S) for at in at_s], axis=0) if at_s else np.zeros(len(time_s), bool)
    return (20000 * is_on * np.sin(2 * np.pi * 1000 * time_s)).astype("int16")[:, None]


def make_clip(
    path, sound, *, flashes_s=(), rate=RATE, fps=25, pictures_s=None, size=SIZE, tags=None, preset="ultrafast", **video
):
    """Write an MP4 as a renderer does: pictures as long as the sound, white where it flashes, both tracks side by side."""
    options = {"preset": preset, "qp": "30"} | {name: str(value) for name, value in video.items()}
    frames = int(np.ceil((len(sound) / rate if pictures_s is None else pictures_s) * fps - 1e-9))
    with av.open(str(path), "w", options={"movflags": "faststart+use_metadata_tags"}) as container:
        container.metadata.update(tags or {})
        pictures = container.add_stream("libx264", rate=fps, options=options)
        (pictures.width, pictures.height), pictures.pix_fmt = size, "yuv420p"
        pictures.codec_context.thread_count = 1
        track = container.add_stream("aac", rate=rate, layout="mono", options={"aac_coder": "fast"}) if len(sound) else None
        for number in range(frames):
            is_white = any(abs(number / fps - at) < 0.5 / fps for at in flashes_s)
            container.mux(pictures.encode(_picture(number, size, is_white=is_white)))
            if track:
                _mux(container, track, sound, round(number * rate / fps), round((number + 1) * rate / fps), rate)
        if track:
            _mux(container, track, sound, round(frames * rate / fps), len(sound), rate)
            container.mux(track.encode(None))
        container.mux(pictures.encode(None))
    return path


def _picture(number, size, *, is_white):
    frame = av.VideoFrame(*size, "yuv420p")
    for plane, value in zip(frame.planes, (235 if is_white else 40, 90 + number % 50, 128), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    frame.pts = number
    return frame


def _mux(container, track, sound, first, last, rate):
    samples = np.ascontiguousarray(sound[first:last].reshape(1, -1))
    if samples.size:
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, first, Fraction(1, rate)
        container.mux(track.encode(frame))


def pictures_of(film):
    """Decode a film; return when each picture is shown, how long the last one is, and how bright each is."""
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        shown = [
            (float(frame.pts * stream.time_base), frame.to_ndarray()[: frame.height].mean()) for frame in container.decode(stream)
        ]
        container.seek(0)
        end = max((p.pts + p.duration) * stream.time_base for p in container.demux(stream) if p.size)
    times, brightness = zip(*shown, strict=True)
    return np.array(times), np.array(brightness), float(end)


def sound_of(film):
    """Decode a film's sound, placed by its own times; return samples between −1 and 1, and their rate."""
    with av.open(str(film)) as container:
        stream = container.streams.audio[0]
        frames = [(frame.pts, frame.to_ndarray().mean(axis=0)) for frame in container.decode(stream)]
        rate, base = stream.rate, stream.time_base
    assert frames[0][0] == 0, "what the encoder put before the sound is not to be heard"
    samples = np.zeros(round(frames[-1][0] * base * rate) + len(frames[-1][1]))
    for pts, some in frames:
        start = round(pts * base * rate)
        samples[start : start + len(some)] = some
    return samples, rate


def flashes_in(film):
    """Return when white pictures begin to be shown."""
    times, brightness, _end = pictures_of(film)
    return flashes_among(times, brightness)


def flashes_among(times, brightness):
    """Return when white pictures begin to be shown, among pictures of these times."""
    is_white = brightness > 150
    return [float(time) for time in times[is_white & ~np.roll(is_white, 1)]]


def beeps_in(film):
    """Return when beeps begin to be heard."""
    samples, rate = sound_of(film)
    hop = rate // 500
    blocks = np.abs(samples[: len(samples) // hop * hop]).reshape(-1, hop).max(axis=1) > 0.1
    gap = round(BEEP_S / 2 * rate / hop)
    begins = [index for index in np.flatnonzero(blocks) if not blocks[max(0, index - gap) : index].any()]
    return [index * hop / rate for index in begins]


def payloads(film):
    """Return the picture packets of a film, in the order of the file."""
    with av.open(str(film)) as container:
        return [bytes(packet) for packet in container.demux(container.streams.video[0]) if packet.size]


def remux(source, target, *, earlier=0, **options):
    """Copy a film's packets into another file, as other writers would put them there; its pictures that many ticks earlier."""
    with av.open(str(source)) as before, av.open(str(target), "w", format="mp4", options=options) as after:
        streams = {stream.index: after.add_stream_from_template(stream) for stream in before.streams}
        for packet in before.demux():
            if packet.dts is None:
                continue
            if packet.stream.type == "video":
                packet.pts, packet.dts = packet.pts - earlier, packet.dts - earlier
            packet.stream = streams[packet.stream.index]
            after.mux(packet)
    return target
