"""How a job is shown in JSON, in every place that shows one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from vidkind.service.jobs import ENDED
from vidkind.service.state import Service


def job_json(service: Service, job: Row[Any], *, with_result: bool = True) -> dict[str, Any]:
    """A job as the API gives it.

    Args:
        service: Where the job and its result are.
        job: The row.
        with_result: Whether to add the answer of a job that is done.
    """
    waiting = job.state == "queued"
    ahead = service.store.ahead_of(job) if waiting else None
    result = None
    if with_result and job.state == "done":
        stored = service.store.result(job.result_key)
        # The same file may have been sent under another name before.
        result = None if stored is None else {**stored, "path": job.name}
    return {
        "id": job.id,
        "state": job.state,
        "stage": job.state if job.state in ENDED else job.stage,
        "percent": job.percent,
        "eta_seconds": _eta(service, ahead) if waiting else job.eta_seconds,
        "ahead": ahead,
        "kind": job.kind,
        "name": job.name,
        "use_tta": job.use_tta,
        "effort": job.effort,
        "cached": job.cached,
        "created_at": _iso(job.created_at),
        "started_at": _iso(job.started_at),
        "finished_at": _iso(job.finished_at),
        "error": None if job.error is None else json.loads(job.error),
        "result": result,
        "links": {"self": f"/api/v1/jobs/{job.id}", "events": f"/api/v1/jobs/{job.id}/events"},
    }


def _eta(service: Service, ahead: int | None) -> float:
    at_once = max(1, service.options.workers)
    return round(service.store.mean_seconds() * (1 + (ahead or 0) / at_once), 1)


def _iso(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
