"""Fixtures shared by every test: where the real material is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("vidkind", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("vidkind")


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Folder of the real clips and golden files, or a skip that says so."""
    default = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("VIDKIND_SHARED", default))
    if not (folder / "clips").is_dir():
        message = f"real material not found at {folder}; set VIDKIND_SHARED to test with it"
        if os.environ.get("VIDKIND_REQUIRE_SHARED"):
            pytest.fail(message)
        pytest.skip(message)
    return folder
