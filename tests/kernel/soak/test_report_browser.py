"""The report in a real browser: nothing asked for, nothing complained of, everything to be seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.soak.report import conclude
from tests.kernel.soak.browser import Browser, find_browser, start_browser
from tests.kernel.soak.runfolder import good_run

PROGRAM = find_browser()
pytestmark = [
    pytest.mark.skipif(
        PROGRAM is None, reason="no chromium here: the report is seen by no browser"
    ),
    pytest.mark.timeout(300),
]

BOXES = """[...document.querySelectorAll("%s")].map(e => {
  const b = e.getBoundingClientRect(), s = getComputedStyle(e);
  const p = e.closest("svg").getBoundingClientRect();
  return {inside: b.left >= p.left - 1 && b.right <= p.right + 1 && b.top >= p.top - 1
          && b.bottom <= p.bottom + 1,
          size: Math.max(b.width, b.height), ink: s.stroke, fill: s.fill, text: e.textContent};
})"""
CONTRAST = """(() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => { const [r, g, b] = parse(c).slice(0, 3).map(v => v / 255)
      .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const paper = e => { while (e) { const c = getComputedStyle(e).backgroundColor;
    if (parse(c).length === 3 || parse(c)[3] > 0) return c; e = e.parentElement; } };
  const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  return [...document.querySelectorAll("p, td, th, h1, h2, h3, li, summary, svg text")]
    .filter(e => e.textContent.trim() && e.getBoundingClientRect().width > 1)
    .map(e => { const s = getComputedStyle(e);
      const ink = e.closest("svg") ? s.fill : s.color;
      return ratio(light(ink), light(paper(e))); }).reduce((a, b) => Math.min(a, b), 99);
})()"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = good_run().write(tmp_path_factory.mktemp("a run") / "with blanks")
    conclude(folder)
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser(page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    assert PROGRAM is not None
    with start_browser(PROGRAM, tmp_path_factory.mktemp("profile")) as browser:
        browser.open(page)
        yield browser


def resize(browser: Browser, width: int) -> None:
    browser.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=900,
        deviceScaleFactor=1,
        mobile=False,
    )


def test_nothing_is_asked_for_but_the_page_itself(browser: Browser, page: Path) -> None:
    asked = {told["request"]["url"] for told in browser.told("Network.requestWillBeSent")}
    assert asked == {page.as_uri(), "data:,"} or asked == {page.as_uri()}


def test_the_browser_complains_of_nothing(browser: Browser) -> None:
    assert browser.told("Log.entryAdded") == []
    assert browser.told("Runtime.consoleAPICalled") == []
    assert browser.told("Runtime.exceptionThrown") == []


@pytest.mark.parametrize(
    ("what", "at_least"),
    [("svg[id] path.line", 15), ("svg[id] .mark", 27), ("svg[id] .limit", 3), (".axis", 60)],
)
def test_lines_marks_and_axes_are_drawn_inside_their_picture(
    browser: Browser, what: str, at_least: int
) -> None:
    resize(browser, 1200)
    boxes = browser.evaluate(BOXES % what)
    assert len(boxes) >= at_least
    assert all(box["inside"] for box in boxes)
    assert all(box["ink"] not in {"none", "rgba(0, 0, 0, 0)"} for box in boxes)
    # A zero line of zombies is flat, an axis tick short; nothing is without any extent.
    assert all(box["size"] > 3 for box in boxes)


def test_no_label_is_cut_off(browser: Browser) -> None:
    resize(browser, 1200)
    boxes = browser.evaluate(BOXES % "svg[id] text")
    assert [box["text"] for box in boxes if not box["inside"]] == []
    texts = {box["text"] for box in boxes}
    assert {"1 host_killed", "2 kernel_killed", "3 disk_full", "cap", "CPU budget"} <= texts


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read_in_light_and_dark(browser: Browser, scheme: str) -> None:
    resize(browser, 1200)
    feature = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.call("Emulation.setEmulatedMedia", features=feature)
    paper = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (int(paper[4:].split(",")[0]) < 60) == (scheme == "dark")
    # 4.5 is what WCAG asks of text (AA).
    assert browser.evaluate(CONTRAST) >= 4.5


@pytest.mark.parametrize("width", [360, 1200])
def test_the_page_itself_never_scrolls_sideways(browser: Browser, width: int) -> None:
    resize(browser, width)
    assert browser.evaluate("document.scrollingElement.scrollWidth") <= width
