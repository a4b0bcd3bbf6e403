"""Whether a bundle can keep what the options promise, found out before anybody is served."""

from __future__ import annotations

from vidkind.bundle import Bundle
from vidkind.service.options import ServiceOptions


def check_promises(bundle: Bundle, options: ServiceOptions) -> None:
    """Refuses ``max_error`` and ``coverage`` that the bundle cannot keep.

    A worker would refuse them too, but only after the server has begun to listen.

    Args:
        bundle: What answers.
        options: What is promised; nothing is loaded where they promise nothing.

    Raises:
        BundleError: The bundle holds no trust statistics.
        ConfigError: Outside the domain, or more than the validation videos can promise.
    """
    if options.max_error is None and options.coverage is None:
        return
    # Loaded here alone: a server without promises needs nothing that answers.
    from vidkind.inference import SingleVideoClassifier

    SingleVideoClassifier(
        bundle, num_threads=1, max_error=options.max_error, coverage=options.coverage
    )
