"""Sound that goes like speech: words of syllables, in which it gets quiet for a moment, and pauses between them."""

import numpy as np

RATE = 8000
_SYLLABLE_S = 0.25


def word(seconds, *, rate=RATE, loudness=8000, seed=0):
    """Return a stretch of speech without a pause: a voiced sound, swelling four times a second, with a little breath in it."""
    chance = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * rate)) / rate
    swell = 0.08 + 0.92 * np.abs(np.sin(np.pi * time_s / _SYLLABLE_S)) ** 0.7
    voice = np.sin(2 * np.pi * 140 * time_s) + 0.5 * np.sin(2 * np.pi * 700 * time_s) + 0.2 * chance.standard_normal(len(time_s))
    return (loudness / 1.7 * swell * voice).clip(-32768, 32767).astype("int16")[:, None]


def talk(*parts, rate=RATE, loudness=8000, noise=0, seed=0):
    """Return speech and pauses in turn, of these seconds, over the noise of a room."""
    chance = np.random.default_rng(seed)
    pieces = []
    for number, seconds in enumerate(parts):
        is_pause = number % 2
        pieces.append(
            np.zeros((round(seconds * rate), 1), "int16")
            if is_pause
            else word(seconds, rate=rate, loudness=loudness, seed=seed + number)
        )
    samples = np.concatenate(pieces)
    if noise:
        samples = samples + (noise * chance.standard_normal(samples.shape)).astype("int16")
    return samples


def pauses_of(*parts):
    """Return where the pauses of such a talk are, seconds."""
    ends = np.cumsum(parts)
    return [(float(ends[number - 1]), float(ends[number])) for number in range(1, len(parts), 2)]
