"""The queue: notices that a job waits, from the server to workers, here or elsewhere.

A notice says only that there is work; which job comes next is the database's to say. So a
notice that is lost or doubled loses or doubles no job.
"""

from __future__ import annotations

from collections.abc import Callable

from huey import Huey, RedisHuey, SqliteHuey

from vidkind.errors import ConfigError, MissingExtraError
from vidkind.service.options import ServiceOptions

_NAME = "vidkind"


class Notices:
    """The queue of notices, and what a worker does on one."""

    def __init__(self, options: ServiceOptions, work: Callable[[], None] | None = None) -> None:
        """Opens the queue.

        Args:
            options: Where it is.
            work: What a worker does on a notice; the server needs none.

        Raises:
            ConfigError: The URL is not Redis's.
            MissingExtraError: Redis's client is not installed.
        """
        self.huey = _open(options)

        # Defined here for server and worker alike: Huey knows a task by its module and name.
        def do() -> None:
            if work is not None:
                work()

        self._task = self.huey.task(name="work")(do)

    def put(self) -> None:
        """Wakes a worker."""
        self._task()

    def top_up(self, waiting: int) -> None:
        """Sees to it that there are as many notices as waiting jobs."""
        for _ in range(waiting - self.huey.pending_count()):
            self.put()


def _open(options: ServiceOptions) -> Huey:
    if options.queue is None:
        return SqliteHuey(_NAME, filename=str(options.data / "queue.db"), results=False, timeout=30)
    if not options.queue.startswith(("redis://", "rediss://")):
        raise ConfigError("the queue is no Redis URL; expected redis://host:6379/0")
    try:
        return RedisHuey(_NAME, url=options.queue, results=False)
    except ImportError as error:
        raise MissingExtraError("redis", "cluster") from error
