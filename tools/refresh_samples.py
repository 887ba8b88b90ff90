"""Draw the demo's sample screenshots from their pages.

Usage: python -m tools.refresh_samples

Renders tools/samples/*.html with headless Chromium (Debian: chromium, fonts-dejavu) and writes
kernel/samples/*.png as palette images, small enough to ship. The questions beside them,
kernel/samples/questions.json, are kept by hand: change them together with the pages.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "tools" / "samples"
SAMPLES = ROOT / "kernel" / "samples"
WIDTH_PX, HEIGHT_PX = 1600, 900
BYTES_MAX = 150_000
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def main() -> int:
    """Draw every page; 1 when there is no browser or a picture came out too large."""
    browser = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if browser is None:
        print(f"none of {', '.join(PROGRAMS)} is installed", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        for page in sorted(PAGES.glob("*.html")):
            shot = Path(folder) / f"{page.stem}.png"
            draw(browser, page, shot)
            target = SAMPLES / shot.name
            with Image.open(shot) as image:
                image.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(
                    target, optimize=True
                )
            size = target.stat().st_size
            print(f"{target.relative_to(ROOT)}: {size} bytes")
            if size > BYTES_MAX:
                print(f"larger than {BYTES_MAX} bytes", file=sys.stderr)
                return 1
    return 0


def draw(browser: str, page: Path, target: Path) -> None:
    """Write a screenshot of ``page`` to ``target``; the browser reaches no network."""
    subprocess.run(
        [
            browser,
            "--headless",
            # Root has no sandbox of its own in a container; the pages are our own files.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--hide-scrollbars",
            "--force-device-scale-factor=1",
            f"--window-size={WIDTH_PX},{HEIGHT_PX}",
            f"--screenshot={target}",
            page.as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )


if __name__ == "__main__":
    sys.exit(main())
