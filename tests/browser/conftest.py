"""A headless Chromium, driven by Selenium; nothing is downloaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser(tmp_path_factory) -> Iterator[webdriver.Chrome]:
    """Chromium with its console and network logs; a skip, or with VIDKIND_REQUIRE_BROWSER a
    failure, where it is not installed."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        missing = "chromedriver" if program else "Chromium"
        message = f"{missing} is not installed; on Debian: apt install chromium chromium-driver"
        if os.environ.get("VIDKIND_REQUIRE_BROWSER"):
            pytest.fail(message)
        pytest.skip(message)
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(driver)) as found:
        yield found


@pytest.fixture(scope="session")
def reports(tmp_path_factory) -> dict[str, Path]:
    """One page of each kind."""
    from tests.clips import render
    from tests.reports import evaluation_material, items, small_comparison
    from vidkind.report import write_comparison_report, write_evaluation_report

    folder = tmp_path_factory.mktemp("reports")
    clip = render(folder / "clip.mp4", 12)
    return {
        "evaluation": write_evaluation_report(evaluation_material(folder), folder / "evaluation"),
        "comparison": write_comparison_report(
            small_comparison(),
            {item.key: clip for item in items()},
            folder / "comparison",
            library_name="library <i>",
        ),
    }
