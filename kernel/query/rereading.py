"""Does a crop, read again, say what a citation claims: the judgement, and what follows.

Covers: comparing what was read with the cited span, dropping claims, saying so. Does not cover:
cutting and reading (`kernel.boot.pixel_check`). Pure.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import msgspec

from contracts.answer import Answer, Citation
from contracts.text import TextPage
from kernel.store.folding import squash

ALIKE_MIN = 0.84
"""A cited span of some length may be read with this little in common and still counts."""
_EXACT_CHARS_MAX = 6
"""Shorter spans must be read exactly, as far as folding goes."""


def shows(citation: Citation, page: TextPage) -> bool:
    """Whether what was read on a crop holds the cited span, up to letters that OCR confuses."""
    wanted = squash(citation.text[citation.text_start : citation.text_end])
    read = squash("".join(line.text for line in page.lines))
    if not wanted or wanted in read:
        return True
    if len(wanted) <= _EXACT_CHARS_MAX or not read:
        return False
    if _digits(wanted) and not set(_digit_runs(wanted)) <= set(_digit_runs(read)):
        return False
    return _best_ratio(wanted, read) >= ALIKE_MIN


def _digits(text: str) -> bool:
    return any(ch.isdigit() and ch not in "01" for ch in text)


def _digit_runs(text: str) -> list[str]:
    """Runs of figures without 0 and 1, which folding makes of letters, too."""
    runs: list[str] = []
    current = ""
    for ch in text + " ":
        if ch.isdigit() and ch not in "01":
            current += ch
        elif current:
            runs.append(current)
            current = ""
    return runs


def _best_ratio(wanted: str, read: str) -> float:
    """The likeness of the most alike stretch of what was read."""
    matcher = difflib.SequenceMatcher(None, read, wanted, autojunk=False)
    common = sum(block.size for block in matcher.get_matching_blocks())
    return common / len(wanted)


def judged(answer: Answer, pages: Mapping[Citation, TextPage | None]) -> Answer:
    """The answer without the claims of which a citation is not on its crop.

    A citation without a page could not be read again: its claim falls, too.
    """
    kept = tuple(
        claim
        for claim in answer.claims
        if all((page := pages.get(c)) is not None and shows(c, page) for c in claim.citations)
    )
    fell = len(answer.claims) - len(kept)
    cited = "1 citation" if len(pages) == 1 else f"{len(pages)} citations"
    note = f"the pixels of {cited} were read again: "
    if not fell:
        note += "they say what is claimed"
    else:
        note += "1 claim fell" if fell == 1 else f"{fell} claims fell"
    provenance = msgspec.structs.replace(
        answer.provenance, claims_dropped=answer.provenance.claims_dropped + fell
    )
    state = answer.state if not fell else "partial" if kept else "no_evidence"
    text = "\n".join(claim.text for claim in kept) or (
        "No evidence: what was found did not stand when its pixels were read again."
    )
    return msgspec.structs.replace(
        answer,
        claims=kept,
        answer=text,
        state=state,
        provenance=provenance,
        notes=(*answer.notes, note),
    )
