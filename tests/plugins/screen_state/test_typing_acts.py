"""A caret in a terminal stands behind what programs write: that was not typed."""

from __future__ import annotations

import pytest

from plugins.screen_state.typing_acts import PROMPT, TERMINAL
from tests.plugins.screen_state.desk import Desk, compare


def shell(lines: list[str], title: str = "Build - Terminal") -> Desk:
    """A window with a caret behind its last line."""
    desk = Desk()
    desk.window(title, (0, 0, 960, 560))
    for at, text in enumerate(lines):
        box = desk.text(text, 30, 60 + 22 * at)
    desk.caret(box)
    return desk


RUN = "tests/test_tax.py ........"
RAN = "tests/test_tax.py .............. PASSED"


@pytest.mark.parametrize(
    "title",
    [
        "Build - Terminal",
        "Terminal",
        "konsole",
        "tax \u2014 -zsh \u2014 80\u00d724",
        "ada@host: ~/tax",
        "Administrator: Windows PowerShell",
        "C:\\WINDOWS\\system32\\cmd.exe",
    ],
)
def test_what_a_program_writes_before_the_cursor_of_a_terminal_was_not_typed(title: str) -> None:
    for before, after in ((RUN, RAN), ("Fetching 3 of 52", "Fetching 3 of 52 files")):
        assert compare(shell([before], title), shell([after], title)).actions == []
    prompted = ["ada@host:~/tax$ make"]
    told = compare(shell(prompted, title), shell([*prompted, "cc tax.c"], title))
    assert told.actions == []


def test_the_program_in_front_may_be_a_terminal_whatever_its_window_is_called() -> None:
    pair = shell(["Fetching 3"], "tax"), shell(["Fetching 3 files"], "tax")
    assert compare(*pair, apps=("konsole", "konsole")).actions == []
    assert compare(*pair, apps=("pad", "pad")).actions == [("typed", " files")]


@pytest.mark.parametrize(
    "prompt",
    [
        "$",
        "#",
        ">>>",
        "ada@host:~/tax$",
        "[ada@host tax]$",
        "(env) ada@host tax %",
        "PS C:\\tax>",
        "C:\\Program Files>",
        "In [3]:",
        "\u276f",
    ],
)
def test_what_follows_a_prompt_was_typed(prompt: str) -> None:
    pair = shell([f"{prompt} make"]), shell([f"{prompt} make test"])
    action = compare(*pair).only()
    assert (action.action, action.text) == ("typed", " test")
    assert action.confidence_permille >= 850


@pytest.mark.parametrize("text", ["45%", "tax -> ", "<div>", "tests/test_a.py ...", "step 3 of 5"])
def test_output_that_has_marks_of_prompts_was_not_typed(text: str) -> None:
    pair = shell([f"{text} so"]), shell([f"{text} so far"])
    assert compare(*pair).actions == []


def test_where_output_and_typing_fit_the_confidence_is_low() -> None:
    dots = compare(shell([RUN], "tax"), shell([RAN], "tax")).only()
    assert dots.confidence_permille <= 400
    prompt = "ada@host:~/tax$ make"
    beside = compare(shell([prompt, "cc a.c"], "tax"), shell([prompt, "cc a.c b.c"], "tax")).only()
    assert beside.confidence_permille <= 400


@pytest.mark.parametrize(
    "name", ["Fish and chips", "The terminal - Airport", "notes", "Console war"]
)
def test_a_title_that_only_speaks_of_such_things_is_no_terminal(name: str) -> None:
    assert not TERMINAL.fullmatch(name)
    assert not PROMPT.match(name)
