"""Fifty clients, five hundred uploads of real clips: none lost, none twice, memory flat."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tiny import tiny_bundle

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "service_load.py"
UPLOADS = 500


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_every_upload_gets_its_answer(shared_dir: Path, tmp_path: Path) -> None:
    """With a tiny bundle: what is tested is the service, not how fast a backbone is."""
    figures_file = tmp_path / "load.json"
    bundle = tiny_bundle(tmp_path / "tiny").path
    options = ["--run", f"30:{UPLOADS}", "--clients", "50", "--minutes", "15"]
    command = [sys.executable, BENCHMARK, shared_dir / "clips", "-o", figures_file]
    subprocess.run([*command, "--bundle", bundle, *options], check=True, timeout=1200)
    [figures] = json.loads(figures_file.read_text())["runs"]
    assert figures["without_an_answer"] == []
    assert figures["answered"] == figures["done"] == UPLOADS
    assert figures["accepted_by_the_service"] == UPLOADS
    assert figures["classified"] + figures["answered_from_the_store"] == UPLOADS
    assert figures["told_to_wait"] > 0, "the queue was never full: nothing was tested of that"
    assert figures["memory_growth"]["both"] <= 1.2
