"""From what a library demands to what a machine spends on it, before its own files correct it."""

from __future__ import annotations

from dataclasses import dataclass

from vidkind.performance.dry_run import Decoding
from vidkind.performance.rates import MachineRates
from vidkind.performance.survey import VideoDemand


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one video is expected to take.

    Attributes:
        decode: Seconds of one core.
        embed: Seconds of one core.
        answer: Seconds of one core in the temporal models.
        frames_decoded: Frames that the decoder puts out.
        frames_embedded: Different frames that go through the backbone.
        bytes_read: Of its file; sound and further streams lie between the pictures.
    """

    decode: float
    embed: float
    answer: float
    frames_decoded: float
    frames_embedded: float
    bytes_read: float

    @property
    def seconds(self) -> float:
        """Seconds of one core."""
        return self.decode + self.embed + self.answer


def expected_work(
    video: VideoDemand, rates: MachineRates, answer: float, second_look_share: float
) -> Work:
    """What a video takes on average over like ones.

    Args:
        video: What it demands.
        rates: Of this machine.
        answer: Seconds of the temporal models for one answer.
        second_look_share: How often one look is not enough, 0..1.
    """
    parts = [
        (second_look_share**number, look_work(video, look, rates))
        for number, look in enumerate(video.looks)
    ]
    return Work(
        decode=sum(w * part.decode for w, part in parts),
        embed=sum(w * part.embed for w, part in parts),
        answer=sum(w * answer for w, _ in parts),
        frames_decoded=sum(w * part.frames_decoded for w, part in parts),
        frames_embedded=sum(w * part.frames_embedded for w, part in parts),
        bytes_read=sum(w * part.bytes_read for w, part in parts),
    )


def look_work(video: VideoDemand, look: Decoding, rates: MachineRates) -> Work:
    """What one look at a video takes, without the answer."""
    return Work(
        decode=rates.decode_seconds(look, video.info.codec, video.megapixels),
        embed=rates.embed_seconds(look),
        answer=0.0,
        frames_decoded=look.frames_decoded,
        frames_embedded=look.pictures,
        bytes_read=video.info.size_bytes * look.share_read,
    )
