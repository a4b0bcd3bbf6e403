"""The page, used as a person would: Chromium on a real service with the shipped bundle's kin."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select

from tests.clips import render
from tests.service import Running, service
from tests.tiny import tiny_bundle

pytestmark = pytest.mark.slow
DESKTOP, PHONE, NARROW = (1280, 1000), (390, 844), (360, 800)
LONG_NAME = "a_library_video_whose_long_name_nobody_has_ever_thought_of_wrapping"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("browser")


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Running]:
    library = folder / "library"
    library.mkdir()
    render(library / "kept.mp4", 15)
    render(library / f"{LONG_NAME}.mp4", 16)
    bundle = tiny_bundle(folder / "tiny").path
    with service(folder / "data", "--bundle", str(bundle), "--library", str(library)) as started:
        yield started


@pytest.fixture
def browser(folder: Path) -> Iterator[webdriver.Chrome]:
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        message = "chromium and chromedriver are not installed"
        if os.environ.get("VIDKIND_REQUIRE_BROWSER"):
            pytest.fail(message)
        pytest.skip(message)
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(folder)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    resize(opened, DESKTOP)
    yield opened
    # Whatever a test did: nothing was asked of another host, and no policy was broken.
    for entry in opened.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            assert url.startswith(("http://127.0.0.1", "data:", "blob:", "chrome")), url
    complaints = [e["message"] for e in opened.get_log("browser") if "Security" in e["message"]]
    opened.quit()
    assert complaints == []


def resize(browser: webdriver.Chrome, size: tuple[int, int]) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size != DESKTOP},
    )


def until(check: Callable[[], object], what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if check():
                return
        except Exception as error:  # elements come and go while the page changes
            what = f"{what} ({type(error).__name__})"
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for: {what[:300]}")


def cards(browser: webdriver.Chrome) -> list[WebElement]:
    return browser.find_elements(By.CSS_SELECTOR, "#list > li")


def states(browser: webdriver.Chrome) -> list[str]:
    return [element.text for element in browser.find_elements(By.CSS_SELECTOR, "#list .state")]


def message(browser: webdriver.Chrome) -> str:
    return browser.find_element(By.ID, "message").text


def choose(browser: webdriver.Chrome, *files: Path) -> None:
    browser.find_element(By.ID, "file").send_keys("\n".join(map(str, files)))


def ended(browser: webdriver.Chrome, count: int) -> bool:
    found = states(browser)
    return len(found) == count and set(found) <= {"done", "done, from cache", "failed"}


def clip(folder: Path, name: str, frames: int = 20, size: tuple[int, int] = (48, 64)) -> Path:
    path = folder / name
    if path.exists():
        return path
    noise = np.random.default_rng(frames)
    pictures = [noise.integers(0, 255, (*size, 3), np.uint8) for _ in range(frames)]
    return render(path, pictures)


def test_two_files_are_uploaded_and_answered(browser, running: Running, folder: Path) -> None:
    browser.get(running.url)
    choose(browser, clip(folder, "one.mp4", 20), clip(folder, "two.mp4", 21))
    until(lambda: ended(browser, 2), "two answers")
    for card in cards(browser):
        assert card.find_element(By.CSS_SELECTOR, ".verdict strong").text
        assert len(card.find_elements(By.CSS_SELECTOR, ".bars > div")) == 4
        pictures = card.find_elements(By.CSS_SELECTOR, ".strip img")
        assert len(pictures) == 12
        browser.execute_script("arguments[0].scrollIntoView()", pictures[0])
        until(lambda p=pictures[0]: int(p.get_property("naturalWidth")) > 0, "a picture")
        assert "attention" in pictures[0].get_attribute("alt")
        card.find_element(By.CSS_SELECTOR, "summary").click()
        assert len(card.find_elements(By.CSS_SELECTOR, "tbody tr")) == 3
    widths = browser.execute_script(
        "return [...document.querySelectorAll('.bars > div')].slice(0, 4).map((row) => "
        "row.querySelector('i').offsetWidth / row.querySelector('.bar').offsetWidth)"
    )
    assert sum(widths) == pytest.approx(1, abs=0.05), "bars are as long as probabilities say"
    assert browser.find_element(By.ID, "live").get_attribute("textContent")


def test_progress_is_seen_while_a_job_runs(browser, running: Running, folder: Path) -> None:
    browser.get(running.url)
    seen: set[str] = set()
    choose(browser, clip(folder, "long.mp4", 90, (720, 1280)))

    def watch() -> bool:
        seen.update(text.split(",")[0] for text in states(browser))
        return ended(browser, 1)

    until(watch, f"the end of a long job, seen {seen}", 120)
    assert seen & {"uploading", "queued", "decoding", "embedding", "answering"}
    assert states(browser) == ["done"]


def test_test_time_augmentation_can_be_switched(browser, running: Running, folder: Path) -> None:
    browser.get(running.url)
    browser.find_element(By.ID, "tta").click()
    choose(browser, clip(folder, "tta.mp4", 22))
    until(lambda: ended(browser, 1), "an answer with TTA")
    assert "four views" in cards(browser)[0].text
    cards(browser)[0].find_element(By.XPATH, ".//button[.='Without TTA']").click()
    until(lambda: ended(browser, 2), "an answer without TTA")
    assert "four views" not in cards(browser)[0].text


def test_effort_can_be_chosen_and_raised(browser, running: Running, folder: Path) -> None:
    browser.get(running.url)
    Select(browser.find_element(By.ID, "effort")).select_by_value("fast")
    choose(browser, clip(folder, "effort.mp4", 26))
    until(lambda: ended(browser, 1), "an answer")
    assert job_of(browser, running)["effort"] == "fast"
    cards(browser)[0].find_element(By.XPATH, ".//button[.='Full effort']").click()
    until(lambda: ended(browser, 2), "an answer with full effort")
    assert job_of(browser, running)["effort"] == "full"


def job_of(browser: webdriver.Chrome, running: Running) -> dict[str, object]:
    """The newest job of the history."""
    [newest, *_] = json.loads(browser.execute_script("return localStorage['vidkind-history']"))
    return running.get(f"/api/v1/jobs/{newest['id']}").json


def test_an_example_of_the_library_is_one_click_away(browser, running: Running) -> None:
    browser.get(running.url)
    assert "No videos yet" in browser.find_element(By.ID, "empty").text
    browser.find_element(By.XPATH, "//p[@id='examples']/button[.='kept']").click()
    until(lambda: ended(browser, 1), "an answer")
    assert not browser.find_element(By.ID, "empty").is_displayed()


def test_bad_addresses_are_explained(browser, running: Running) -> None:
    browser.get(running.url)
    field = browser.find_element(By.ID, "url")
    field.send_keys("not an address", Keys.ENTER)
    until(lambda: "expected one that begins with https://" in message(browser), "a complaint")
    assert cards(browser) == []
    field.clear()
    field.send_keys("http://127.0.0.1/clip.mp4", Keys.ENTER)
    until(lambda: ended(browser, 1), "a refused address")
    assert "public network" in cards(browser)[0].text


def test_a_text_file_is_refused_and_a_disguised_one_fails(browser, running, folder: Path) -> None:
    for name in ("notes.txt", "notes.mp4"):
        (folder / name).write_text("no video")
    browser.get(running.url)
    choose(browser, folder / "notes.txt")
    until(lambda: "notes.txt does not end like a video" in message(browser), "a complaint")
    choose(browser, folder / "notes.mp4")
    until(lambda: ended(browser, 1), "a failed job")
    assert "is not a video" in cards(browser)[0].text


def test_html_in_a_name_stays_text(browser, running: Running, folder: Path) -> None:
    name = "<img src=x onerror=document.title='owned'>.mp4"
    shutil.copy(clip(folder, "plain.mp4", 23), folder / name)
    browser.get(running.url)
    choose(browser, folder / name)
    until(lambda: ended(browser, 1), "an answer")
    assert name in cards(browser)[0].text
    assert "owned" not in browser.title
    assert browser.find_elements(By.CSS_SELECTOR, "img[src='x']") == []


def test_a_reload_in_mid_job_goes_on_and_history_stays(browser, running, folder: Path) -> None:
    browser.get(running.url)
    choose(browser, clip(folder, "reload.mp4", 91, (720, 1280)))
    until(lambda: browser.execute_script("return localStorage['vidkind-history']"), "a job id")
    browser.refresh()
    until(lambda: ended(browser, 1), "the answer after a reload", 120)
    browser.refresh()
    until(lambda: ended(browser, 1), "the history")
    assert "reload.mp4" in cards(browser)[0].text
    cards(browser)[0].find_element(By.XPATH, ".//button[.='Remove']").click()
    until(lambda: cards(browser) == [], "its removal")
    browser.refresh()
    time.sleep(0.5)
    assert cards(browser) == []


def test_a_library_video_is_picked_with_the_keyboard(browser, running: Running) -> None:
    browser.get(running.url)
    browser.find_element(By.ID, "library").send_keys("kept.mp4", Keys.ENTER)
    until(lambda: ended(browser, 1), "an answer")
    focused = set()
    browser.execute_script("document.activeElement.blur()")
    for _ in range(30):
        element = browser.switch_to.active_element
        focused.add(element.get_attribute("id") or element.text)
        ActionChains(browser).send_keys(Keys.TAB).perform()
    assert {"file", "url", "library", "tta", "JSON", "CSV"} <= focused


def test_answers_are_saved_as_json_and_csv(browser, running: Running, folder: Path) -> None:
    browser.get(running.url)
    choose(browser, clip(folder, "saved.mp4", 24))
    until(lambda: ended(browser, 1), "an answer")
    for kind in ("JSON", "CSV"):
        cards(browser)[0].find_element(By.XPATH, f".//button[.='{kind}']").click()
    until((folder / "saved.csv").is_file, "a CSV file")
    until((folder / "saved.json").is_file, "a JSON file")
    [answer] = json.loads((folder / "saved.json").read_text())
    head, row = (folder / "saved.csv").read_text().splitlines()
    assert head.startswith("path,category,confidence")
    assert row.startswith(f"saved.mp4,{answer['category']},")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone_and_can_be_read(browser, running, folder: Path, scheme) -> None:
    resize(browser, PHONE)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.get(running.url)
    choose(browser, clip(folder, "phone.mp4", 25))
    until(lambda: ended(browser, 1), "an answer")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= PHONE[0]
    small = browser.execute_script(
        "return [...document.querySelectorAll('button, input:not([type=file], [role=switch])')]"
        ".filter((e) => e.offsetHeight && e.offsetHeight < 40).map((e) => e.outerHTML)"
    )
    assert small == [], "too small for a finger"
    texts = (".verdict strong", ".trust", ".opinion", ".when", ".ticks", ".state", "#drop-hint")
    for selector in (*texts, "button", ".quiet", ".plain", ".remove"):
        assert contrast(browser, selector) >= 4.5, selector


def test_nothing_is_wider_than_a_narrow_phone(browser, running, folder: Path) -> None:
    resize(browser, NARROW)
    browser.get(running.url)
    example = browser.find_element(By.XPATH, f"//p[@id='examples']/button[.='{LONG_NAME}']")
    assert example.size["width"] < NARROW[0], "a long name is cut, not the page widened"
    assert widest(browser) <= NARROW[0]
    choose(browser, clip(folder, "narrow.mp4", 27))
    until(lambda: ended(browser, 1), "an answer")
    for summary in browser.find_elements(By.CSS_SELECTOR, "details:not([open]) > summary"):
        summary.click()
    assert widest(browser) <= NARROW[0]
    cut = browser.execute_script(
        "return [...document.querySelectorAll('.opinion, .verdict strong, .bars dt')]"
        ".filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent)"
    )
    assert cut == [], "names of categories are whole"


def widest(browser: webdriver.Chrome) -> int:
    """Width of the page; on a phone the window is laid out as wide as its content."""
    return browser.execute_script("return document.documentElement.scrollWidth")


def test_one_button_sends_an_address_a_library_video_or_both(browser, running: Running) -> None:
    browser.get(running.url)
    [button] = browser.find_elements(By.XPATH, "//button[.='Classify']")
    button.click()
    until(lambda: "Enter an address or choose a video" in message(browser), "a complaint")
    browser.find_element(By.ID, "url").send_keys("http://127.0.0.1/clip.mp4")
    browser.find_element(By.ID, "library").send_keys("kept.mp4")
    button.click()
    until(lambda: ended(browser, 2), "an answer and a refusal")
    assert message(browser) == ""
    names = {card.find_element(By.CSS_SELECTOR, ".name").text for card in cards(browser)}
    assert names == {"clip.mp4", "kept.mp4"}


def test_an_answer_from_the_cache_says_so(browser, running: Running, folder: Path) -> None:
    browser.get(running.url)
    for count in (1, 2):
        choose(browser, clip(folder, "twice.mp4", 28))
        until(lambda count=count: ended(browser, count), "an answer")
    assert states(browser) == ["done, from cache", "done"]


def test_attention_is_one_row_of_bars_with_a_scale(browser, running, folder: Path) -> None:
    resize(browser, PHONE)
    browser.get(running.url)
    choose(browser, clip(folder, "curve.mp4", 29))
    until(lambda: ended(browser, 1), "an answer")
    bars = browser.find_elements(By.CSS_SELECTOR, ".plot i")
    assert len(bars) == 18, "one for each step: 1.15 of 16 frames"
    assert len({round(bar.rect["y"] + bar.rect["height"]) for bar in bars}) == 1, "one base line"
    scale = browser.find_element(By.CSS_SELECTOR, ".scale").text.split("\n")
    assert scale == ["10 %", "0 %"], "the tiny bundle's attention is even: 5.6 % each"
    plot = browser.find_element(By.CSS_SELECTOR, ".plot").rect
    assert bars[0].rect["height"] / plot["height"] == pytest.approx(0.556, abs=0.03)
    label = browser.find_element(By.CSS_SELECTOR, ".curve").get_attribute("aria-label")
    assert "Attention over time in 18 steps, from 0 to 10 %" in label


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("trust", "headline"),
    [
        (0.359, "Unsure: Flat Content or Natural Content?"),
        (0.5, "Flat Content"),
        (None, "Flat Content"),
    ],
)
def test_little_trust_gives_no_confident_headline(
    browser, running: Running, scheme: str, trust: float | None, headline: str
) -> None:
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.get(running.url)
    show_result(browser, trust)
    title = browser.find_element(By.CSS_SELECTOR, ".verdict strong")
    assert title.text == headline
    neutral = browser.find_element(By.ID, "answers-title").value_of_css_property("color")
    is_neutral = title.value_of_css_property("color") == neutral
    assert is_neutral == headline.startswith("Unsure")
    assert ("most probable: Flat Content, 48.1 %" in verdict(browser)) == is_neutral
    for selector in (".verdict strong", ".trust"):
        assert contrast(browser, selector) >= 4.5, selector


def verdict(browser: webdriver.Chrome) -> str:
    return browser.find_element(By.CSS_SELECTOR, ".verdict").text


def show_result(browser: webdriver.Chrome, trust: float | None) -> None:
    """Shows an answer of a made-up trust, by the page's own code."""
    scores = {"Animation": 0.1, "Flat_Content": 0.481, "Gaming": 0.05, "Natural_Content": 0.369}
    result = {
        "category": "Flat_Content",
        "confidence": 0.481,
        "trust": trust,
        "label_set": None,
        "scores": scores,
        "member_scores": [scores],
        "duration_seconds": 3.0,
        "num_frames": 1,
        "tta": False,
        "video": {"width": 64, "height": 48, "codec": "h264"},
        "frame_times": [1.5],
        "attention": [1.0],
        "moments": [{"time": 1.5, "attention": 1.0, "scores": scores, "thumbnail": "data:,"}],
    }
    browser.execute_async_script(
        "const [result, done] = arguments;"
        "import('/static/result.js').then(({ showResult }) => {"
        "  document.getElementById('list').replaceChildren(...showResult(result, true));"
        "  done(); });",
        result,
    )


def contrast(browser: webdriver.Chrome, selector: str) -> float:
    """Contrast of an element's text with what is behind it (WCAG 2.2, relative luminance)."""
    colours = browser.execute_script(
        "const parts = (text) => text.match(/[\\d.]+/g).map(Number);"
        "let element = document.querySelector(arguments[0]);"
        "const front = parts(getComputedStyle(element).color); let back = [0, 0, 0, 0];"
        "while (back[3] === 0) { back = parts(getComputedStyle(element).backgroundColor);"
        "  if (back.length === 3) back.push(1); element = element.parentElement; }"
        "return [front, back];",
        selector,
    )
    light, dark = sorted((luminance(colour) for colour in colours), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: list[float]) -> float:
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
