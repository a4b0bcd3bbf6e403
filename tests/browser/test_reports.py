"""Reports in a real browser: nothing goes wrong, nothing is fetched, everything can be seen."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver import ActionChains, Keys

from tests.browser.contrast import contrast
from tests.reports import HOSTILE

pytestmark = pytest.mark.browser

KINDS = ("evaluation", "comparison")
THEMES = ("light", "dark")
PHONE, DESK = (360, 740, True), (1280, 900, False)


def show(browser: webdriver.Chrome, page: Path, *, theme: str = "light", screen=DESK) -> None:
    """Opens a page with a theme, on a screen; forgets what was logged before."""
    browser.get("about:blank")
    for log in ("browser", "performance"):
        browser.get_log(log)
    width, height, mobile = screen
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": theme}]},
    )
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile},
    )
    browser.get(page.as_uri())


def requested(browser: webdriver.Chrome) -> list[str]:
    """Every URL the page asked for."""
    messages = [json.loads(line["message"])["message"] for line in browser.get_log("performance")]
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]


def colour(browser: webdriver.Chrome, selector: str, style: str) -> tuple[float, ...]:
    """A computed colour as red, green, blue, 0..255."""
    text = browser.execute_script(
        "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]",
        selector,
        style,
    )
    return tuple(map(float, re.findall(r"[\d.]+", text)[:3]))


@pytest.mark.parametrize("kind", KINDS)
def test_no_errors_and_no_requests(browser, reports, kind: str) -> None:
    show(browser, reports[kind])
    assert browser.get_log("browser") == []
    urls = requested(browser)
    assert reports[kind].as_uri() in urls
    assert [url for url in urls if not url.startswith(("data:", "file:"))] == []
    assert [url for url in urls if url.startswith("file:")] == [reports[kind].as_uri()]


def test_the_network_log_would_show_a_request(browser, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<img src="http://127.0.0.1:9/x.png"><script>nonsense()</script>')
    show(browser, page)
    assert "http://127.0.0.1:9/x.png" in requested(browser)
    assert "nonsense" in str(browser.get_log("browser"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("screen", [PHONE, DESK], ids=["phone", "desk"])
def test_every_picture_is_there(browser, reports, kind: str, screen) -> None:
    show(browser, reports[kind], screen=screen)
    images = browser.execute_script(
        "return [...document.images].map(i => [i.complete, i.naturalWidth, i.clientWidth, i.alt])"
    )
    assert len(images) >= 5
    for complete, natural, shown, alt in images:
        assert complete
        assert natural > 150
        assert shown > 100
        assert alt
    drawings = browser.execute_script(
        "return [...document.querySelectorAll('svg')].map(s => { const b = "
        "s.getBoundingClientRect(); return [b.width, b.height, s.querySelectorAll('text').length]})"
    )
    assert len(drawings) >= 2
    assert all(width > 250 and height > 50 and texts > 3 for width, height, texts in drawings)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("theme", THEMES)
def test_a_phone_need_not_scroll_sideways(browser, reports, kind: str, theme: str) -> None:
    show(browser, reports[kind], theme=theme, screen=PHONE)
    browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    width = browser.execute_script("return document.documentElement.scrollWidth")
    assert width == PHONE[0]
    outside = browser.execute_script(
        "return [...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, svg, "
        ".skip') && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML)"
    )
    assert outside == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("theme", THEMES)
def test_text_and_drawings_stand_out_in_both_themes(browser, reports, kind, theme: str) -> None:
    show(browser, reports[kind], theme=theme)
    paper = colour(browser, "body", "backgroundColor")
    assert (sum(paper) < 200) == (theme == "dark")
    for selector, style in (
        ("body", "color"),
        (".lead", "color"),
        ("figure svg text", "fill"),
        (".range", "color"),
        (".brand", "color"),
        (".card .path", "color"),
    ):
        assert contrast(colour(browser, selector, style), paper) >= 4.5, selector


@pytest.mark.parametrize("kind", KINDS)
def test_paper_is_white_with_dark_letters(browser, reports, kind: str) -> None:
    show(browser, reports[kind], theme="dark")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert colour(browser, "body", "backgroundColor") == (255, 255, 255)
    assert contrast(colour(browser, "figure svg text", "fill"), (255, 255, 255)) >= 4.5
    printed = browser.execute_cdp_cmd("Page.printToPDF", {})["data"]
    assert len(printed) > 20_000


@pytest.mark.parametrize("kind", KINDS)
def test_names_stay_text(browser, reports, kind: str) -> None:
    show(browser, reports[kind])
    text = browser.execute_script("return document.body.innerText")
    assert HOSTILE in text
    assert browser.execute_script("return document.scripts.length") == 0


@pytest.mark.parametrize("kind", KINDS)
def test_tables_can_be_reached_and_read(browser, reports, kind: str) -> None:
    show(browser, reports[kind])
    tree = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    roles = [node["role"]["value"].lower() for node in tree if not node["ignored"]]
    assert {"table", "rowheader", "columnheader", "main", "contentinfo"} <= set(roles)
    pictures = [
        node for node in tree if not node["ignored"] and node["role"]["value"] in ("image", "img")
    ]
    assert pictures
    assert all(node["name"]["value"] for node in pictures)
    for expected in ("skip", "scroll"):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        assert browser.execute_script("return document.activeElement.className") == expected
