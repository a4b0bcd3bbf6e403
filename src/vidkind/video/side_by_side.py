"""Several readers of one video, each with a thread and a decoder of its own.

In: parts of a video that do not need each other. Out: what is read of them, in order.
Decoding parts side by side keeps every core busy; the threads of one decoder wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from threading import Lock
from types import TracebackType
from typing import TypeVar

from vidkind.parallel import in_order
from vidkind.video.decode import FrameReader

Part = TypeVar("Part")
Item = TypeVar("Item")


class Readers:
    """Readers of one video, opened as they are needed. A context manager.

    At its end those that nobody uses are closed. Where it ends by a second Ctrl-C, others may
    still be decoding in their threads: each is closed when it is given back.
    """

    def __init__(self, opened: Callable[[], FrameReader]) -> None:
        self._opened = opened
        self._every: list[FrameReader] = []
        self._idle: list[FrameReader] = []
        self._lock = Lock()
        self._ended = False

    def __enter__(self) -> Readers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            self._ended = True
        for reader in self._idle:
            reader.close()

    @property
    def frames_decoded(self) -> int:
        """How many frames all of them have put out."""
        return sum(reader.frames_decoded for reader in self._every)

    @contextmanager
    def one(self) -> Iterator[FrameReader]:
        """A reader that nobody else uses, and that stands anywhere."""
        with self._lock:
            reader = self._idle.pop() if self._idle else None
        if reader is None:
            reader = self._opened()
            self._every.append(reader)
        try:
            yield reader
        finally:
            with self._lock:
                ended = self._ended
                if not ended:
                    self._idle.append(reader)
            if ended:
                reader.close()

    def read(
        self,
        parts: Sequence[Part],
        read_part: Callable[[FrameReader, Part], Iterator[Item]],
        workers: int,
    ) -> Generator[Item, None, None]:
        """What ``read_part`` gives of each part, in order.

        Args:
            parts: What to read.
            read_part: Reads one part, with a reader that stands anywhere.
            workers: How many parts are read at a time.
        """

        def read_whole(part: Part) -> list[Item]:
            with self.one() as reader:
                return list(read_part(reader, part))

        with closing(in_order(read_whole, parts, workers=workers, ahead=len(parts))) as results:
            for items in results:
                yield from items
