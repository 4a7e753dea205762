"""What a video costs by the price that a person has told us: an estimate, never the bill."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

__all__ = ["Cost", "Price", "cost_text"]

_DIGITS = 4


class Cost(TypedDict):
    """An amount of money, as plain JSON data."""

    amount: float
    currency: str


@dataclass(frozen=True, slots=True)
class Price:
    """What the account pays for a second of video.

    The vendor bills by the second of video, at a price that was seen to be about 1 to 1.2 CNY on the mainland site; whether it
    rounds a part of a second up, and what a large customer pays, is not documented. So no price is ever assumed.

    :param per_second: as the connection says it; None where it does not
    :param currency: of that price
    """

    per_second: float | None = None
    currency: str = "CNY"

    def cost(self, seconds: float | None) -> Cost | None:
        """Return what that much video costs; None where the price or the length is not known.

        :param seconds: of video
        """
        if self.per_second is None or seconds is None:
            return None
        return {"amount": round(self.per_second * seconds, _DIGITS), "currency": self.currency}

    def estimate(self, audio_s: float | None) -> dict[str, Any]:
        """Return what a submit is going to cost, as it goes into the request's facts.

        :param audio_s: length of the audio, which the video will have, too; None where it is not known
        """
        return {"estimated_seconds": audio_s, "estimated_cost": self.cost(audio_s)}

    def billed(self, video_s: float) -> dict[str, Any]:
        """Return what a video that was rendered has cost, as it goes into manifest, XCom and asset event.

        :param video_s: its length
        """
        return {"billed_seconds": video_s, "cost": self.cost(video_s)}


def cost_text(cost: Mapping[str, Any] | None) -> str:
    """Return an amount for a log line, such as ``4.20 CNY``; nothing where there is none, or none that can be read."""
    amount = (cost or {}).get("amount")
    if isinstance(amount, bool) or not isinstance(amount, (int, float)) or not math.isfinite(amount):
        return ""
    return f"{amount:.2f} {(cost or {}).get('currency', '')}".rstrip()
