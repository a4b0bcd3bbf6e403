"""Which frames nobody will see, told from the packets before they are decoded.

In: packets in decode order and the times somebody will look at. Out: the packets again,
each with whether its frame may be on screen then. Knows nothing of decoders.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterator, Sequence

from av.packet import Packet
from av.video.stream import VideoStream

# A decoder holds back at most 16 frames to put them in order (ITU-T H.264, A.3.1, and H.265,
# A.4.2): the next frame to be shown lies at most that far off in decode order, either way.
REORDERED_FRAMES = 16


class Lookahead:
    """Packets in decode order, read so far ahead that each one's time on screen is known.

    Attributes:
        fed: Presentation times and durations of the packets passed on as wanted, sorted, in
            ticks; duration 0 where unknown.
    """

    def __init__(self, packets: Iterator[Packet[VideoStream]], targets: Sequence[int] | None):
        """Begins.

        Args:
            packets: In decode order.
            targets: Times somebody will look at, rising, in ticks; None for all.
        """
        self.fed: list[tuple[int, int]] = []
        self._packets = packets
        self._targets = targets
        self._ahead: deque[Packet[VideoStream]] = deque()
        self._passed: deque[int] = deque()
        self._known: list[int] = []

    def aim(self, targets: Sequence[int]) -> None:
        """From now on, only what is on screen at one of these times is wanted."""
        self._targets = targets

    def __iter__(self) -> Iterator[tuple[Packet[VideoStream], bool]]:
        while self._fill():
            packet = self._ahead.popleft()
            time = _time_shown(packet)
            wanted = time is None or self._is_wanted(time)
            if time is not None:
                if wanted:
                    insort(self.fed, (time, packet.duration or 0))
                self._passed.append(time)
            if len(self._passed) > REORDERED_FRAMES:
                del self._known[bisect_left(self._known, self._passed.popleft())]
            yield packet, wanted

    @property
    def is_empty(self) -> bool:
        """Whether no packet is left to pass on."""
        return not self._fill()

    def is_past(self, time: int) -> bool:
        """Whether every packet of a frame that begins by ``time`` has been passed on."""
        self._fill()
        return all(packet.pts is not None and packet.pts > time for packet in self._ahead)

    def expected(self, time: int) -> tuple[int, int] | None:
        """Time and duration of the frame on screen at ``time``, by the packets passed on."""
        number = bisect_left(self.fed, (time + 1, 0))
        return self.fed[number - 1] if number else None

    def _fill(self) -> bool:
        while len(self._ahead) <= REORDERED_FRAMES:
            packet = next(self._packets, None)
            if packet is None:
                break
            self._ahead.append(packet)
            time = _time_shown(packet)
            if time is not None:
                insort(self._known, time)
        return bool(self._ahead)

    def _is_wanted(self, time: int) -> bool:
        """Whether somebody looks between the time a frame begins and the next frame's."""
        if self._targets is None:
            return True
        first = bisect_left(self._targets, time)
        if first == len(self._targets):
            return False
        later = bisect_right(self._known, time)
        return later == len(self._known) or self._targets[first] < self._known[later]


def _time_shown(packet: Packet[VideoStream]) -> int | None:
    return None if packet.is_discard else packet.pts
