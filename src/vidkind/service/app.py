"""The application factory."""

from __future__ import annotations

import threading

from flask import Flask

from vidkind.bundle import load_bundle
from vidkind.service import problems
from vidkind.service.api import api
from vidkind.service.jobs import JobStore
from vidkind.service.keys import OptionsKeys
from vidkind.service.metrics import count_requests, metrics
from vidkind.service.notices import Notices
from vidkind.service.options import MEGABYTE, ServiceOptions
from vidkind.service.pages import pages
from vidkind.service.promises import check_promises
from vidkind.service.published import published
from vidkind.service.security import secure
from vidkind.service.state import Service

# Room for the other fields of a form and the lines between its parts.
FORM_BYTES = MEGABYTE


def create_app(options: ServiceOptions) -> Flask:
    """Makes the application; workers are started elsewhere.

    Args:
        options: Where things are, and what is allowed.

    Raises:
        BundleError: The bundle cannot be opened, or holds no trust statistics and ``max_error``
            or ``coverage`` asks for them.
        ConfigError: Database, queue, keys or rate limit are not as expected, or the bundle cannot
            keep ``max_error`` or ``coverage``.
        MissingExtraError: A driver is not installed.
    """
    bundle = load_bundle(options.bundle)
    check_promises(bundle, options)
    options.make_folders()
    store = JobStore(options.database_url, connections=options.threads)
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = options.max_upload_bytes + FORM_BYTES
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["vidkind"] = Service(
        options=options,
        store=store,
        notices=Notices(options),
        bundle=bundle,
        keys=OptionsKeys(bundle, options),
        # Threads are left for short requests, however many streams are open.
        held=threading.Semaphore(options.threads * 3 // 4),
    )
    problems.register(app)
    count_requests(app, store)
    secure(app, options)
    for blueprint in (api, published, metrics, pages):
        app.register_blueprint(blueprint)
    return app
