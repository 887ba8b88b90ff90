"""One spelling for text as people type it and as OCR reads it.

Covers: case, diacritics, compatibility forms, the letters that OCR mistakes for each other
(O and 0; l, I and 1; rn and m), CJK characters as words of their own. Index and question go
through the same folding, so a misread letter does not hide a line. Folding only finds
candidates: whether a found word is the word asked for is decided in `kernel.query`.
Does not cover: stems, synonyms.
"""

from __future__ import annotations

import functools
import re
import unicodedata

_CONFUSABLE = str.maketrans({"o": "0", "l": "1", "i": "1", "|": "1", "\u0131": "1"})
_CJK = re.compile(
    "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
_NOT_ALNUM = re.compile(r"[\W_]+")


@functools.lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """The text in lower case, without diacritics, confusable letters made one.

    The result may be longer or shorter than the text; folding twice changes nothing.
    """
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    # Casefolding can produce compatibility forms again (for example of U+03D2).
    decomposed = unicodedata.normalize("NFKD", decomposed)
    bare = "".join(ch for ch in decomposed if not unicodedata.combining(ch))
    return unicodedata.normalize("NFC", bare).translate(_CONFUSABLE).replace("rn", "m")


def index_words(text: str) -> str:
    """What the word index holds for a line: folded, every CJK character a word."""
    return _CJK.sub(lambda found: f" {found.group()} ", fold(text))


def squash(text: str) -> str:
    """What the substring index holds for a line: folded, letters and digits only."""
    return _NOT_ALNUM.sub("", fold(text))


def word_parts(text: str) -> tuple[str, ...]:
    """The folded alphanumeric parts of a word: ``INV-20871`` has two.

    They are the tokens that FTS5's unicode61 makes of `index_words`.
    """
    return tuple(part for part in _NOT_ALNUM.split(index_words(text)) if part)
