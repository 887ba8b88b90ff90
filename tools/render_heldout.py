"""Draw pages that no threshold was tuned on, with the words that the browser laid out.

Usage: python -m tools.render_heldout FOLDER [--only NAME]

Renders tools/heldout/*.html with headless Chromium (Debian: chromium, fonts-roboto,
fonts-dejavu, fonts-liberation, fonts-wqy-microhei) into FOLDER: NAME.png and NAME.json with
words and boxes as in tests/fixtures/pages. A page names its size in ``<meta name="size">``:
width x height in CSS pixels @ device pixels for each. Words that are cut or covered are told
apart, under ``ignore``; Chinese characters and kana are words of their own.
`tools/bench/ocr.py --pages FOLDER` scores the text plugins on them.
"""

from __future__ import annotations

import argparse
import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tools.refresh_samples import PROGRAMS, ROOT

PAGES = ROOT / "tools" / "heldout"
WINDOW_PX = 400
SIZE = re.compile(r'<meta name="size" content="(\d+)x(\d+)@(\d+)">')
TRUTH = re.compile(r'<pre id="truth">(.*?)</pre>', re.DOTALL)
SCRIPT = """
<script>
document.fonts.ready.then(() => {
  const words = [], ignore = [], scale = window.devicePixelRatio;
  const alone = /[\\u3040-\\u30ff\\u3400-\\u9fff]|[^\\s\\u3040-\\u30ff\\u3400-\\u9fff]+/gu;
  const shows = (node, x, y) => {
    const top = document.elementFromPoint(x, y);
    return top !== null && (top === node.parentElement || top.contains(node));
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, home = node.parentElement;
    if (["SCRIPT", "STYLE", "NOSCRIPT"].includes(home.tagName)) continue;
    const style = getComputedStyle(home);
    for (const match of node.data.matchAll(alone)) {
      const range = document.createRange();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      for (const box of range.getClientRects()) {
        const middle = (box.top + box.bottom) / 2;
        const seen = [box.left + 1, (box.left + box.right) / 2, box.right - 1]
          .map((x) => shows(node, x, middle));
        if (!seen.some(Boolean)) continue;
        const text = style.textTransform === "uppercase" ? match[0].toUpperCase() : match[0];
        const word = {text, px: parseFloat(style.fontSize) * scale,
          box: [box.left, box.top, box.right, box.bottom]
            .map((v) => Math.round(v * scale * 10) / 10)};
        const whole = seen.every(Boolean) && range.getClientRects().length === 1;
        (whole ? words : ignore).push(word);
      }
    }
  }
  const out = document.createElement("pre");
  out.id = "truth";
  out.textContent = JSON.stringify({words, ignore});
  document.body.replaceChildren(out);
});
</script>
"""


def main(arguments: list[str]) -> int:
    """Draw every page; 1 when there is no browser."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", help="the one page to draw")
    options = parser.parse_args(arguments)
    browser = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if browser is None:
        print(f"none of {', '.join(PROGRAMS)} is installed", file=sys.stderr)
        return 1
    options.folder.mkdir(parents=True, exist_ok=True)
    for page in sorted(PAGES.glob("*.html")):
        if options.only in {None, page.stem}:
            truth = draw(browser, page, options.folder)
            print(f"{page.stem}: {len(truth['words'])} words, {len(truth['ignore'])} ignored")
    return 0


def draw(browser: str, page: Path, folder: Path) -> dict[str, Any]:
    """Write picture and truth of ``page`` into ``folder``; gives the truth."""
    source = page.read_text("utf-8")
    size = SIZE.search(source)
    if size is None:
        raise ValueError(f"{page.name} has no <meta name=size>")
    width, height, scale = (int(value) for value in size.groups())
    flags = [
        browser,
        "--headless",
        # Root has no sandbox of its own in a container; the pages are our own files.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--hide-scrollbars",
        f"--force-device-scale-factor={scale}",
    ]
    shot = folder / f"{page.stem}.png"
    _call([*flags, f"--window-size={width},{height}", f"--screenshot={shot}", page.as_uri()])
    with tempfile.TemporaryDirectory() as scratch:
        measured = Path(scratch) / page.name
        measured.write_text(source + SCRIPT, "utf-8")
        # Without a screenshot the window holds a toolbar as well; bodies have fixed heights.
        room = f"--window-size={width},{height + WINDOW_PX}"
        dumped = _call(
            [*flags, room, "--virtual-time-budget=3000", "--dump-dom", measured.as_uri()]
        )
    found = TRUTH.search(dumped)
    if found is None:
        raise ValueError(f"the browser did not measure {page.name}")
    words = json.loads(html.unescape(found.group(1)))
    truth = {"name": page.stem, "width": width * scale, "height": height * scale, **words}
    lines = ",\n".join(json.dumps(word, ensure_ascii=False) for word in truth["words"])
    ignored = ",\n".join(json.dumps(word, ensure_ascii=False) for word in truth["ignore"])
    shot.with_suffix(".json").write_text(
        f'{{"name": "{page.stem}", "width": {truth["width"]}, "height": {truth["height"]},\n'
        f'"words": [\n{lines}],\n"ignore": [\n{ignored}]}}\n',
        "utf-8",
    )
    return truth


def _call(command: list[str]) -> str:
    done = subprocess.run(command, check=True, capture_output=True, timeout=120)
    return done.stdout.decode("utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
