"""The API does what its description says, whatever it is sent."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from tests.clips import render
from tests.service import Running, service
from tests.tiny import tiny_bundle
from vidkind.service import ServiceOptions, create_app

pytestmark = pytest.mark.slow
EXAMPLES = 25


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("fuzz")
    library = folder / "library"
    library.mkdir()
    render(library / "clip.mp4", 4)
    bundle = tiny_bundle(folder / "tiny").path
    options = ("--bundle", str(bundle), "--library", str(library), "--max-queue=10000")
    with service(folder / "data", *options) as started:
        yield started


def test_no_answer_is_a_surprise(running: Running, tmp_path: Path) -> None:
    """No 500, no status, media type, header or body that the description does not know."""
    command = [Path(sys.executable).with_name("schemathesis"), "run"]
    options = ["--checks=all", f"--max-examples={EXAMPLES}", "--seed=1", "--max-response-time=60"]
    # A file with another name is refused although a schema allows it.
    options.append("--exclude-checks=positive_data_acceptance")
    run = subprocess.run(
        [*command, f"{running.url}/api/v1/openapi.json", *options, "--no-color"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    assert "Traceback" not in running.log.read_text()


def test_the_description_is_valid_and_complete(tmp_path: Path) -> None:
    app = create_app(ServiceOptions(data=tmp_path, bundle=tiny_bundle(tmp_path / "tiny").path))
    document = app.test_client().get("/api/v1/openapi.json", base_url="http://localhost").json
    validate(document)
    described = {
        (path, method.upper())
        for path, item in document["paths"].items()
        for method in item
        if method != "parameters"
    }
    served = {
        (rule.rule.replace("<", "{").replace(">", "}"), method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/") or rule.endpoint.startswith("metrics.")
    }
    assert described == served
