"""Checks what a host returned before anything of it is stored.

A host may lie: the record must be of the stage's contract, about the input it was given, and
consistent in itself (the latter is checked by the derived store). Covers: the text stage.
"""

from __future__ import annotations

from contracts.bounded import ContractError, decode_bounded
from contracts.text import TextPage


class ResultRefused(Exception):
    """The record breaks its contract; ``code`` is stable."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{reason} [{code}]")
        self.code = code


def parse_page(record: bytes, *, input_digest: str) -> TextPage:
    """The text page in a host's result; raises `ResultRefused`."""
    try:
        page = decode_bounded(record, TextPage)
    except ContractError as error:
        raise ResultRefused("contract-violation", str(error)) from error
    if page.blob != input_digest:
        raise ResultRefused("wrong-input", f"the page is about blob {page.blob}")
    return page
