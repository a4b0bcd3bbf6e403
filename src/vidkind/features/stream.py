"""Embeds the pictures of one video as they come, each content once."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from vidkind.features.backbones import Backbone


class EmbeddingStream:
    """Pictures in, one at a time; their features out at the end. A context manager.

    Pictures are embedded in threads of their own, so that whoever brings them goes on
    decoding. A picture that only repeats the one before it is not embedded again: short videos
    give pictures repeatedly, and slides and screens stand still. The queue needs no bound of its
    own, since a video's pictures are all held by its ``FrameBatch`` anyway.
    """

    def __init__(self, backbone: Backbone, *, calls: int | None = None) -> None:
        """Begins with no picture.

        Args:
            backbone: What embeds them.
            calls: Batches embedded at once, each in a thread; None takes as many as the
                backbone is worth.
        """
        self._backbone = backbone
        self._calls = calls or backbone.parallel_calls
        # Many cores share few frames: the smaller the batches, the sooner the last one is done.
        self._size = max(1, backbone.batch_size // self._calls)
        self._pool = ThreadPoolExecutor(self._calls, thread_name_prefix="embed")
        self._rows: list[int] = []
        self._num_distinct = 0
        self._last: NDArray[np.uint8] | None = None
        self._waiting: list[NDArray[np.uint8]] = []
        self._batches: list[Future[NDArray[np.float32]]] = []

    def __enter__(self) -> EmbeddingStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def add(self, number: int, picture: NDArray[np.uint8]) -> None:
        """Takes a picture, as ``sample_frames`` gives it to ``on_frame``.

        Args:
            number: Counted from 0; 0 again forgets all pictures before.
            picture: uint8 [H, W, 3], RGB, at the card's height and width.
        """
        if number == 0:
            self._begin()
        if self._last is None or not is_same(picture, self._last):
            self._num_distinct += 1
            self._waiting.append(picture)
            self._last = picture
        self._rows.append(self._num_distinct - 1)
        if len(self._waiting) == self._size:
            self._send(self._waiting)
            self._waiting = []

    def features(self) -> NDArray[np.float32]:
        """Features of all pictures since number 0: float32 [T, D], once they are embedded.

        Raises:
            BackboneError: The pictures do not have the card's size.
        """
        # What is left is shared by all threads: none waits for another's large batch.
        size = max(1, -(-len(self._waiting) // self._calls))
        for i in range(0, len(self._waiting), size):
            self._send(self._waiting[i : i + size])
        self._waiting = []
        parts = [batch.result() for batch in self._batches]
        rows: NDArray[np.float32] = np.concatenate(parts)[self._rows]
        return rows

    def _begin(self) -> None:
        self._rows, self._waiting, self._batches = [], [], []
        self._num_distinct, self._last = 0, None

    def _send(self, pictures: list[NDArray[np.uint8]]) -> None:
        self._batches.append(self._pool.submit(self._embed, pictures))

    def _embed(self, pictures: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return self._backbone.embed(np.stack(pictures))


def is_same(picture: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    """Whether two pictures hold the same pixels; quick where they are one object."""
    return picture is other or np.array_equal(picture, other)
