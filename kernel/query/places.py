"""Places that a question names: windows, kinds of program, monitors.

Covers: finding them in the text, which captured windows they mean, the text without them. Does
not cover: filtering by them (`kernel.query.scope`). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from kernel.query.scope import Scope
from kernel.store.folding import squash, word_parts

WindowName: TypeAlias = tuple[str | None, str | None]
"""Application and title of a captured window."""

_PLACE = re.compile(
    r"\b(?:in|on|from|at|inside) (?:the|my) (?P<name>[\w.-]+(?: [#\w.-]+){0,3})\b", re.IGNORECASE
)
_FILE = re.compile(r"\b(?:in|on|from|inside) (?P<name>[\w-]+(?:\.[\w-]+)*\.[a-z]\w{0,4})\b")
"""A window called by the file that is open in it: "in levels.ods"."""
_CALLED_SO = re.compile(
    r" (?:window|app|application|tab|page|channel|sheet|spreadsheet|site|website|board|dialog|file"
    r"|document|doc|view|screen|chat|notes?|mail|inbox)s?\b(?! of\b)",
    re.IGNORECASE,
)
"""What stands behind the name of a window and says what sort of place it is."""
_SHOWS = re.compile(
    r"\b(?:did|does|do) (?:the|my) (?P<name>[\w.-]+(?: [\w.-]+)?)"
    r" (?:show|say|display|print|tell)\b",
    re.IGNORECASE,
)
_APP = re.compile(r"\b(?:in|on|from|inside|using) (?P<name>[A-Z][\w.-]*(?: [A-Z][\w.-]*)?)\b")
"""A program called by its name, without an article: "in Thunderbird"."""
_UI_PLACE = re.compile(
    r"\b(?:in|on|from) (?:the|my|our) (?P<name>notes?|inbox|e-?mails?|chats?|terminal|console"
    r"|editor|calendar|board|sheet|spreadsheet|browser|doc|docs|document)\b(?! of\b)",
    re.IGNORECASE,
)
"""Places that need not be named by any window: what is asked for stands in them."""
_SHELLS: Final = "terminal konsole xterm iterm2 alacritty kitty wezterm powershell bash zsh tmux"
_CHATS: Final = "slack teams discord element signal whatsapp telegram mattermost zulip"
_MAILERS: Final = "thunderbird outlook evolution mail gmail"
_PROGRAMS: Final = {
    "terminal": _SHELLS,
    "console": f"console {_SHELLS}",
    "browser": "browser firefox chrome chromium edge msedge safari brave opera vivaldi",
    "editor": "editor code vim nvim emacs sublime pycharm intellij notepad gedit kate zed",
    "sheet": "calc excel sheets",
    "spreadsheet": "calc excel sheets",
    **dict.fromkeys(("chat", "chats"), _CHATS),
    **dict.fromkeys(("inbox", "email", "emails", "e-mail", "e-mails"), _MAILERS),
}
"""Kinds of program, with words by which programs of the kind call themselves."""
_OWN_WINDOW: Final = frozenset({"terminal", "console", "browser", "editor"})
"""Kinds of program of which a page shows what is in them only with their window."""
_GENERIC_PLACES = frozenset(
    "screen window app application tab program page monitor desktop computer line text".split()
)
_ORDINALS: Final = {
    name: number
    for number, names in enumerate(("first 1st", "second 2nd", "third 3rd", "fourth 4th"))
    for name in names.split()
}
_ONE_MONITOR = (
    rf"(?:(?P<ordinal>{'|'.join(_ORDINALS)}) (?:monitor|display|screen)"
    r"|(?:monitor|display|screen) (?:number |no\.? |#)?(?P<number>\d{1,2})(?![\d:]|\.\d| of))\b"
)
_MONITOR = re.compile(rf"\b(?:on|of|from|at|in) (?:the |my )?{_ONE_MONITOR}", re.IGNORECASE)
_MONITOR_SHOWED = re.compile(
    rf"\bdid (?:the |my )?{_ONE_MONITOR} (?:show|display)\b", re.IGNORECASE
)
_ALL_OF_IT = re.compile(r"\bwhat (?:was|were|stood)$", re.IGNORECASE)
"""Before a monitor: nothing is asked about but what is on it."""
_SORT = frozenset(
    "window tab page file document doc site website dialog view note notes channel screen app"
    " application program".split()
)
_DANGLING = re.compile(
    r"(?:[\s,]+(?:on|in|at|from|during|of|since|between|and|or|for|the))+\s*(?=[?.!]?$)", re.I
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a text: how it is called there, and the text without it.

    ``parts``: parts of names of which a window's name must hold one; none: no window is of that
    name. ``missing``: nothing may be looked for elsewhere instead.
    """

    name: str
    parts: tuple[str, ...]
    left: str
    missing: bool = False

    def unless_alone(self, *, alone: bool) -> Place:
        """The place; missing where no window is of that name and nothing else is asked about."""
        return replace(self, missing=True) if alone and not self.parts else self

    @property
    def note(self) -> str:
        """How it was understood."""
        if self.missing:
            return f"no capture names a window like “{self.name}”"
        if not self.parts:
            return f"no capture names a window like “{self.name}”: all windows were looked at"
        if self.parts == (self.name,):
            return f"“{self.name}”: a window of that name"
        return f"“{self.name}”: windows of {' or '.join(self.parts)}"


@dataclass(frozen=True, slots=True)
class MonitorPlace:
    """A monitor that a question names, the text without it, and how it was understood."""

    monitor: int
    left: str
    note: str


def find_place(text: str, windows: Sequence[WindowName]) -> Place | None:
    """The place that the text names, looked up among captured windows; None when it names none."""
    for pattern in (_PLACE, _SHOWS):
        for found in pattern.finditer(text):
            named = _known(found.group("name"), windows)
            if named:
                end = _end_of_sort(text, found.start("name") + len(named))
                left = text if pattern is _SHOWS else _without(text, found.start(), end)
                return Place(named, (named,), left)
    for found in _FILE.finditer(text):
        name = found.group("name")
        if any(Scope(title=name).admits_window(app, title) for app, title in windows):
            return Place(name, (name,), _without(text, found.start(), found.end()))
    for found in _APP.finditer(text):
        named = _app_named(found.group("name"), windows)
        if named:
            end = found.start("name") + len(named)
            return Place(named, (named,), _without(text, found.start(), end))
    return _unnamed(text, windows)


def kinds_of_program(noun: str) -> tuple[str, ...]:
    """Words by which programs of the kind that a noun names call themselves; may be empty."""
    return tuple(_PROGRAMS.get(noun.casefold(), "").split())


def is_of_kind(noun: str, name: WindowName) -> bool:
    """Whether a window is of the kind of program that a noun names: by its program, or its title.

    A title ends with the name of the program: "levels.ods - LibreOffice Calc".
    """
    app, title = name
    _, _, ending = (title or "").rpartition(" - ")
    own = {*_words_of(app or ""), *(_words_of(ending) if " - " in (title or "") else ())}
    return bool(own & set(map(squash, kinds_of_program(noun))))


def is_sort_of_window(word: str) -> bool:
    """Whether the word says no more than what sort of window it is: page, tab, sheet."""
    return word.casefold() in _SORT


def are_programs(places: Sequence[str], text: str) -> bool:
    """Whether the places are programs that the text calls by their names ("in Thunderbird")."""
    called = {squash(said) for f in _APP.finditer(text) for said in _beginnings(f.group("name"))}
    return bool(places) and called.issuperset(map(squash, places))


def names_a_place(text: str) -> bool:
    """Whether there may be the name of a place in it, so that the names of windows matter."""
    return any(p.search(text) for p in (_PLACE, _SHOWS, _FILE, _APP, _UI_PLACE))


def find_monitor(text: str) -> MonitorPlace | None:
    """The monitor that the text names by its number, or by its place in their order."""
    showed = _MONITOR_SHOWED.search(text)
    found = showed or _MONITOR.search(text)
    if found is None:
        return None
    said = found.group()
    before, after = text[: found.start()], text[found.end() :]
    instead = ""
    if showed:
        instead = "did I see"
    elif _ALL_OF_IT.search(before.rstrip()):
        instead = "on the screen"
    left = tidy(f"{before} {instead} {after}")
    if found.group("number"):
        number = int(found.group("number"))
        return MonitorPlace(number, left, f"“{said}”: monitor {number} (the first one is 0)")
    number = _ORDINALS[found.group("ordinal").casefold()]
    return MonitorPlace(number, left, f"“{said}”: monitor {number} (the first one is 0)")


def tidy(text: str) -> str:
    """The text with single blanks, without commas and prepositions that lead nowhere."""
    joined = " ".join(text.split())
    joined = _DANGLING.sub("", re.sub(r"\s+([?.!,])", r"\1", joined))
    return re.sub(r"^[\s,;]+|[\s,;]+(?=[?.!]?$)", "", joined)


def _unnamed(text: str, windows: Sequence[WindowName]) -> Place | None:
    """A kind of place that no window is called by."""
    found = _UI_PLACE.search(text)
    if found is None:
        return None
    name, left = found.group("name"), tidy(_UI_PLACE.sub(" ", text))
    apps = {app for app, _ in windows if app}
    kind = sorted({app for app, title in windows if app and is_of_kind(name, (app, title))})
    if kind:
        return Place(name, tuple(kind), left)
    # Notes or a chat may stand in any window; what was in a terminal was in no other program.
    missing = name.casefold() in _OWN_WINDOW and bool(apps)
    return Place(name, (), left, missing=missing)


def _known(name: str, windows: Sequence[WindowName]) -> str:
    """The longest beginning of the name that some window has in its name; else empty."""
    for said in _beginnings(name):
        if said.split()[0].casefold() in _GENERIC_PLACES or squash(said) in ("", "1t"):
            continue
        if any(Scope(places=(said,)).admits_window(app, title) for app, title in windows):
            return said
    return ""


def _end_of_sort(text: str, end: int) -> int:
    """Where a place ends of which the name ends there: after "page" of "on the orders page"."""
    found = _CALLED_SO.match(text, end)
    return found.end() if found else end


def _app_named(name: str, windows: Sequence[WindowName]) -> str:
    """The longest beginning of the name that is a program's name, or a word of it; else empty."""
    apps = {app for app, _ in windows if app}
    for said in _beginnings(name):
        if any(squash(said) in (squash(app), *_words_of(app)) for app in apps):
            return said
    return ""


def _words_of(app: str) -> Iterator[str]:
    yield from (squash(part) for part in word_parts(app))


def _beginnings(name: str) -> Iterator[str]:
    words = name.split()
    for size in range(len(words), 0, -1):
        yield " ".join(words[:size])


def _without(text: str, start: int, end: int) -> str:
    return tidy(text[:start] + " " + text[end:])
