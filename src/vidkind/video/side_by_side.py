"""Several readers of one video, each with a thread and a decoder of its own.

In: parts of a video that do not need each other. Out: what is read of them, in order.
Decoding parts side by side keeps every core busy; the threads of one decoder wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import TypeVar

from vidkind.parallel import in_order
from vidkind.video.decode import FrameReader

Part = TypeVar("Part")
Item = TypeVar("Item")


class Readers:
    """Readers of one video, opened as they are needed. A context manager."""

    def __init__(self, opened: Callable[[], FrameReader]) -> None:
        self._opened = opened
        self._every: list[FrameReader] = []
        self._idle: SimpleQueue[FrameReader] = SimpleQueue()

    def __enter__(self) -> Readers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for reader in self._every:
            reader.__exit__(kind, error, traceback)

    @property
    def frames_decoded(self) -> int:
        """How many frames all of them have put out."""
        return sum(reader.frames_decoded for reader in self._every)

    def take(self) -> FrameReader:
        """A reader nobody uses; to be given back."""
        try:
            return self._idle.get_nowait()
        except Empty:
            reader = self._opened()
            self._every.append(reader)
            return reader

    def give_back(self, reader: FrameReader) -> None:
        """Let others use the reader."""
        self._idle.put(reader)

    def read(
        self,
        parts: Sequence[Part],
        read_part: Callable[[FrameReader, Part], Iterator[Item]],
        workers: int,
    ) -> Iterator[Item]:
        """What ``read_part`` gives of each part, in order.

        Args:
            parts: What to read.
            read_part: Reads one part, with a reader that stands anywhere.
            workers: How many parts are read at a time.
        """

        def read_whole(part: Part) -> list[Item]:
            reader = self.take()
            try:
                return list(read_part(reader, part))
            finally:
                self.give_back(reader)

        for items in in_order(read_whole, parts, workers=workers, ahead=len(parts)):
            yield from items
