"""Typed and deleted text: a line that grew or shrank at the caret.

Text grows by itself too: a log, a progress line, an answer that streams in, subtitles. What
tells typing is the caret at the end of what grew. Without it nothing is said of a line, and
little of a field. A caret in a terminal stands behind what programs write, too: there only what
follows a prompt was typed.

Covers: text added to or taken from the end of a line or field, and the line begun below it.
Does not cover: edits inside of a line (the caret is not seen there), block carets, answers to
what a program asks in a terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from contracts.base import ElementId
from contracts.screen import Element
from plugins.screen_state.caret import reach
from plugins.screen_state.geometry import height, overlap
from plugins.screen_state.views import Act, Comparison

FAST_CHARS_PER_S: Final = 25
BURST_CHARS: Final = 10
GAP_US_MAX: Final = 15_000_000
"""Over a longer gap a line may have been left and another one come to its place."""

PASTED_PERMILLE: Final = 300

PERMILLE: Final = {
    ("caret-after", "caret-before"): 950,
    ("caret-after",): 850,
    ("caret-before",): 600,
}
FIELD_PERMILLE: Final = 350
OUTPUT_PERMILLE: Final = 350
"""It looks as a program's output does: two explanations fit."""

NEW_LINE_PERMILLE: Final = 750
LAST_LINE_PERMILLE: Final = 350

TITLE_PARTS: Final = re.compile(r"\s+[-\u2013\u2014|\u00b7]\s+|:\s+")
TERMINAL: Final = re.compile(
    r"(?:(?:gnome|xfce|windows|mate|git|developer)[ -])*(?:terminal|konsole|console|[a-z]{0,9}term|"
    r"iterm2|alacritty|kitty|tmux|yakuake|tilix|guake|(?:windows )?powershell|pwsh|cmd|"
    r"command prompt|conhost|bash|zsh|fish|ksh|dash|sh|ssh|putty|mintty|ghostty|wezterm-gui)"
    r"(?:\.exe)?|mingw\d*|msys2?|.*\\(?:cmd|powershell|pwsh|bash|wsl)\.exe|[\w.-]+@[\w.-]+",
    re.IGNORECASE,
)
"""What a program, or a part of a title, is called where it is a terminal's."""

PROMPT: Final = re.compile(
    r"(?:\(\S+\) )?(?:(?!<)\S*(?:[$#\u276f\u279c\u03bb\u00bb]|(?<!\d)%|(?<![<=-])>)|"
    r"\[\S+ [^]]*\][$#%]|\S+@\S+ (?:\S+ ){0,2}[$#%>\u276f]|PS [^>]*>|[A-Z]:\\[^>]*>|"
    r"In \[\d+\]:|\((?:Pdb|ipdb|gdb|lldb)\)|\.\.\.)(?: |$)"
)
"""A line that begins with the prompt of a shell or an interpreter."""

SHELL_PROMPT: Final = re.compile(
    r"(?:\(\S+\) )?(?:\S*[A-Za-z~/)\]][$\u276f]|\$|\[\S+ [^]]*\][$#%]|\S+@\S+ (?:\S+ ){0,2}[$#%>]|"
    r"PS [^>]*>|[A-Z]:\\[^>]*>|>>>)(?: |$)"
)
"""One that hardly begins a line elsewhere."""

PROGRESS: Final = re.compile(r"([^\w\s])\1\1")
"""Marks of one kind in a row: dots of a test run, bars of a download."""


def find_typing(pair: Comparison) -> list[Act]:
    """Typed and deleted texts, in the order of the elements."""
    if pair.gap_us > GAP_US_MAX:
        return []
    acts = list(_new_lines(pair)) or list(_last_lines(pair))
    told = {element_id for act in acts for element_id in act.elements}
    carets = sum(element.caret_x is not None for element in pair.after.leaves())
    if carets > 1:
        # One person types in one place; more strokes are drawings.
        return []
    for old, new in pair.common():
        if new.element_id in told or new.role == "button":
            continue
        act = _grown(pair, old, new)
        if act is not None:
            acts.append(act)
    acts = [weighed for act in acts for weighed in _weigh(pair, act)]
    return acts if len(acts) == 1 else []


def _weigh(pair: Comparison, act: Act) -> Iterator[Act]:
    """The act, with less confidence or not at all where a program may have written the text."""
    lines = [pair.after.by_id[element_id] for element_id in act.elements]
    lone = len(lines) == 1
    if any(e.role != "line" for e in lines) or (lone and PROMPT.match(lines[0].text or "")):
        yield act
        return
    home = pair.after.home[lines[0].element_id]
    if _is_terminal(pair, lines[0].element_id):
        return
    beside = [e for view in (pair.before, pair.after) for e in view.leaves_in(home)]
    output = any(SHELL_PROMPT.match(e.text or "") for e in beside)
    if output or PROGRESS.search(act.text or ""):
        act = replace(act, confidence_permille=min(act.confidence_permille, OUTPUT_PERMILLE))
    yield act


def _is_terminal(pair: Comparison, element_id: ElementId) -> bool:
    """Whether the window of the element, or the program in front, is a terminal."""
    window = pair.after.window[element_id]
    title = pair.later.window_title if window is None else pair.after.by_id[window].text
    parts = [pair.later.app or "", *TITLE_PARTS.split(title or "")]
    return any(TERMINAL.fullmatch(part.strip(" -")) for part in parts)


def clean_text(element: Element) -> str:
    """The element's text without blanks at its end."""
    return (element.text or "").rstrip()


def _grown(pair: Comparison, old: Element, new: Element) -> Act | None:
    before, after = clean_text(old), clean_text(new)
    if before == after or abs(old.box[0] - new.box[0]) > height(new.box) // 2:
        return None
    action = "typed" if after.startswith(before) else "deleted"
    if action == "deleted" and not before.startswith(after):
        return None
    text = after[len(before) :] if action == "typed" else before[len(after) :]
    basis = _carets(old, new)
    if len(basis) == 2 and not _went_along(action, old, new):  # noqa: PLR2004 - both
        return None
    permille = PERMILLE.get(basis, FIELD_PERMILLE if new.role == "field" else 0)
    if not permille or (action == "deleted" and "caret-after" not in basis):
        return None
    if len(text) > _fast(pair):
        permille = min(permille, PASTED_PERMILLE)
    sign = "text-grew" if action == "typed" else "text-shrank"
    return Act(action, permille, (*basis, sign), (new.element_id,), new.element_id, text)


def _carets(old: Element, new: Element) -> tuple[str, ...]:
    """Where carets were seen, if one of them stands right behind its text.

    Behind a blank both a caret and a separator may stand, and readers see no blank there.
    """
    if not any(_is_near(element) for element in (old, new)):
        return ()
    signs = []
    if new.caret_x is not None:
        signs.append("caret-after")
    if old.caret_x is not None:
        signs.append("caret-before")
    return tuple(signs)


def _is_near(element: Element) -> bool:
    x, box = element.caret_x, element.box
    return x is not None and x - box[2] <= reach(height(box))


def _went_along(action: str, old: Element, new: Element) -> bool:
    """Whether the caret went on where text came, and back where it went."""
    way = (new.caret_x or 0) - (old.caret_x or 0)
    return way > 0 if action == "typed" else way < 0


def _fast(pair: Comparison) -> int:
    """As many characters as somebody types between the frames."""
    return BURST_CHARS + FAST_CHARS_PER_S * pair.gap_us // 1_000_000


def _new_lines(pair: Comparison) -> Iterator[Act]:
    """The caret's line ended and the one below, which is new, has the caret now."""
    for old, ended in pair.common():
        if old.caret_x is None or ended.caret_x is not None or ended.role != "line":
            continue
        before, after = clean_text(old), clean_text(ended)
        if not after.startswith(before):
            continue
        for fresh in pair.after.leaves():
            if fresh.caret_x is None or fresh.role != "line" or not _is_below(ended, fresh):
                continue
            was = pair.before.by_id.get(fresh.element_id)
            if was is not None and (was.text or "").strip():
                continue
            text = after[len(before) :] + "\n" + clean_text(fresh)
            permille = NEW_LINE_PERMILLE if len(text) <= _fast(pair) else PASTED_PERMILLE
            yield Act(
                "typed",
                permille,
                ("caret-before", "caret-on-new-line", "line-appeared"),
                (ended.element_id, fresh.element_id),
                fresh.element_id,
                text,
            )
            return


def _last_lines(pair: Comparison) -> Iterator[Act]:
    """The caret, not seen before, stands on a new line below what was the last line of a pane.

    Somebody may as well have gone down a line with the caret, so this is little to go by.
    """
    if any(element.caret_x is not None for element in pair.before.leaves()):
        return
    for fresh in pair.after.leaves():
        if fresh.caret_x is None or fresh.element_id in pair.before.by_id:
            continue
        number, home = fresh.line_number, pair.after.home[fresh.element_id]
        rows = [e.line_number for e in pair.before.leaves_in(home) if e.line_number is not None]
        if number is not None and rows and number == max(rows) + 1:
            basis = ("caret-after", "line-appeared")
            text = "\n" + clean_text(fresh)
            yield Act(
                "typed", LAST_LINE_PERMILLE, basis, (fresh.element_id,), fresh.element_id, text
            )
            return


def _is_below(above: Element, below: Element) -> bool:
    tall = max(height(above.box), height(below.box))
    gap = below.box[1] - above.box[3]
    beside = overlap(above.box[0], above.box[2], below.box[0], below.box[2])
    return -tall // 3 <= gap <= tall and (beside > 0 or abs(above.box[0] - below.box[0]) <= tall)
