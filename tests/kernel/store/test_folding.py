"""One spelling for what people type and what OCR reads."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kernel.store.folding import fold, index_words, squash, word_parts


def test_letters_that_ocr_confuses_fold_to_one() -> None:
    assert fold("CrashLoopBack0ff") == fold("CrashLoopBackOff")
    assert fold("lNC0O1") == fold("INC00l")
    assert fold("modern") == fold("modem")


def test_accents_and_width_do_not_matter() -> None:
    assert fold("Wójcik") == fold("WOJCIK")
    assert fold("\uff21\uff22\uff23\uff11") == fold("abc1")


def test_digits_that_differ_stay_different() -> None:
    assert squash("INV-20871") != squash("INV-20872")
    assert squash("5") != squash("s")


def test_every_cjk_character_is_a_word() -> None:
    assert word_parts("東京タワー2号") == ("東", "京", "タ", "ワ", "ー", "2", "号")


@given(st.text(max_size=80))
def test_folding_is_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert index_words(index_words(text)).split() == index_words(text).split()
