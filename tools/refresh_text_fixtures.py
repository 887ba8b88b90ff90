"""Read the fixture pages with the default text plugin and store the records for fast tests.

Usage: python -m tools.refresh_text_fixtures [PAGE ...]   (default: all pages)

Writes tests/fixtures/pages_text/PAGE.json: one `contracts.text.TextPage` as JSON, digest of the
PNG included. Run it after a change to the plugin or to `plugin_host.textkit`. Decode a record
with ``msgspec.json.decode(data, type=contracts.text.TextPage)``. Precision is f32, so that every
machine writes the same.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import msgspec

from tools.text_engines import PAGES, ROOT, TextEngine

TEXTS = ROOT / "tests" / "fixtures" / "pages_text"


def main(names: list[str]) -> int:
    """Write the record of each page named, or of all."""
    TEXTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        engine = TextEngine("ocr_rapid", Path(scratch), {"precision": "f32"})
        for path in sorted(PAGES.glob("*.png")):
            if names and path.stem not in names:
                continue
            page = engine.read(path.read_bytes())
            encoded = msgspec.json.format(msgspec.json.encode(page), indent=0)
            (TEXTS / f"{path.stem}.json").write_bytes(encoded + b"\n")
            print(f"{path.stem}: {len(page.lines)} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
