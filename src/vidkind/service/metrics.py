"""Figures for Prometheus: what the database knows, read when asked, and requests counted here."""

from __future__ import annotations

import time
from collections.abc import Iterator

from flask import Blueprint, Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from vidkind.service.jobs import JobStore
from vidkind.service.state import service

metrics = Blueprint("metrics", __name__)

_STATES = ("queued", "running", "done", "failed")
_TOTALS = {
    "accepted": "Jobs taken in.",
    "done": "Jobs answered by a worker.",
    "cached": "Jobs answered from the store.",
    "failed": "Jobs that ended with an error.",
}


class _JobCollector:
    """Reads the database whenever figures are asked for: they hold for all servers together."""

    def __init__(self, store: JobStore) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily("vidkind_jobs", "Jobs by state.", labels=["state"])
        states = self._store.states()
        for state in _STATES:
            jobs.add_metric([state], states.get(state, 0))
        yield jobs
        yield GaugeMetricFamily(
            "vidkind_workers", "Worker processes seen lately.", value=self._store.num_workers()
        )
        totals = self._store.counters()
        for name, text in _TOTALS.items():
            yield CounterMetricFamily(f"vidkind_jobs_{name}", text, value=totals.get(name, 0))
        seconds = totals.get("seconds", 0)
        yield CounterMetricFamily("vidkind_job_seconds", "Spent on jobs done.", value=seconds)


def count_requests(app: Flask, store: JobStore) -> None:
    """Counts and times every request of an application."""
    registry = CollectorRegistry()
    registry.register(_JobCollector(store))
    labels = ["method", "route", "status"]
    requests = Counter("vidkind_requests", "Requests answered.", labels, registry=registry)
    seconds = Histogram(
        "vidkind_request_seconds", "Time to the first byte.", ["route"], registry=registry
    )
    app.extensions["vidkind-metrics"] = registry

    @app.before_request
    def begin() -> None:
        g.begun = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        # The rule, not the path: whoever asks for many paths must not make many series.
        route = request.url_rule.rule if request.url_rule else "other"
        method = request.method if request.url_rule else "other"
        requests.labels(method, route, response.status_code).inc()
        if "begun" in g:
            seconds.labels(route).observe(time.perf_counter() - g.begun)
        return response


@metrics.get("/metrics")
def show() -> ResponseReturnValue:
    """All figures, in Prometheus' text format."""
    registry = current_app.extensions["vidkind-metrics"]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


@metrics.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Whether the process answers."""
    return {"status": "ok"}


@metrics.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Whether jobs can be taken in and will be done: database and a worker are there."""
    workers = service().store.num_workers()
    ready = workers > 0
    return {"status": "ready" if ready else "no worker", "workers": workers}, 200 if ready else 503
