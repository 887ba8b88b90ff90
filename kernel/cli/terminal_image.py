"""A picture shown in a terminal that can: kitty, iTerm2 or sixel.

Covers: telling from the environment which way a terminal knows, the escape sequences of each.
Does not cover: terminals inside tmux or screen, which eat the sequences: nothing is shown there.

Protocols: kitty graphics (https://sw.kovidgoyal.net/kitty/graphics-protocol/), iTerm2 inline
images (https://iterm2.com/documentation-images.html), sixel as in the VT340 manual.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

Way = Literal["kitty", "iterm", "sixel"]
_KITTY_CHUNK = 4096
_SIXEL_COLOURS = 64
_SIXEL_ROWS = 6
_WIDTH_PX_MAX = 1200


def find_way(environment: Mapping[str, str], *, is_terminal: bool) -> Way | None:
    """How this terminal shows pictures; None when it does not, or is not known to."""
    if not is_terminal or environment.get("TMUX") or environment.get("STY"):
        return None
    term = environment.get("TERM", "")
    program = environment.get("TERM_PROGRAM", "")
    if environment.get("KITTY_WINDOW_ID") or "kitty" in term or program == "ghostty":
        return "kitty"
    if program in ("iTerm.app", "WezTerm") or environment.get("LC_TERMINAL") == "iTerm2":
        return "iterm"
    if any(name in term for name in ("sixel", "mlterm", "yaft", "foot")):
        return "sixel"
    return None


def picture_sequence(path: Path, way: Way) -> str:
    """The escape sequence that shows a PNG file; raises OSError when it cannot be read."""
    data = path.read_bytes()
    if way == "kitty":
        return _kitty(data)
    if way == "iterm":
        encoded = base64.standard_b64encode(data).decode()
        return f"\x1b]1337;File=inline=1;size={len(data)}:{encoded}\x07\n"
    return _sixel(data)


def _kitty(data: bytes) -> str:
    encoded = base64.standard_b64encode(data).decode()
    chunks = [encoded[at : at + _KITTY_CHUNK] for at in range(0, len(encoded), _KITTY_CHUNK)]
    out = []
    for number, chunk in enumerate(chunks):
        more = int(number < len(chunks) - 1)
        head = f"a=T,f=100,m={more}" if number == 0 else f"m={more}"
        out.append(f"\x1b_G{head};{chunk}\x1b\\")
    return "".join(out) + "\n"


def _sixel(data: bytes) -> str:
    from PIL import Image

    with Image.open(io.BytesIO(data)) as opened:
        image = opened.convert("RGB")
    if image.width > _WIDTH_PX_MAX:
        image = image.resize((_WIDTH_PX_MAX, image.height * _WIDTH_PX_MAX // image.width))
    drawn = image.quantize(_SIXEL_COLOURS)
    palette = drawn.getpalette() or []
    pixels = drawn.tobytes()
    out = [f'\x1bPq"1;1;{drawn.width};{drawn.height}']
    for colour in range(len(palette) // 3):
        red, green, blue = (100 * value // 255 for value in palette[3 * colour : 3 * colour + 3])
        out.append(f"#{colour};2;{red};{green};{blue}")
    tops = range(0, drawn.height, _SIXEL_ROWS)
    out.extend(_band(pixels, drawn.width, drawn.height, top) for top in tops)
    return "".join(out) + "\x1b\\\n"


def _band(pixels: bytes, width: int, height: int, top: int) -> str:
    """Six rows of pixels: for each colour in them one line of column masks."""
    rows = range(top, min(top + _SIXEL_ROWS, height))
    masks: dict[int, bytearray] = {}
    for bit, row in enumerate(rows):
        for column, colour in enumerate(pixels[row * width : (row + 1) * width]):
            masks.setdefault(colour, bytearray(width))[column] |= 1 << bit
    lines = [f"#{colour}{_runs(masks[colour])}" for colour in sorted(masks)]
    return "$".join(lines) + "-"


def _runs(mask: bytearray) -> str:
    out, at = [], 0
    while at < len(mask):
        end = at
        while end < len(mask) and mask[end] == mask[at]:
            end += 1
        char = chr(63 + mask[at])
        out.append(char * (end - at) if end - at < 4 else f"!{end - at}{char}")  # noqa: PLR2004
        at = end
    return "".join(out)
