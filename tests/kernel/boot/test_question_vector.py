from __future__ import annotations

from pathlib import Path

import pytest

from kernel.boot.question_vector import find_alike, make_question_vector
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.vectors import why_unavailable


def test_without_a_plugin_it_says_which_setting_to_make(tmp_path: Path) -> None:
    with pytest.raises(KernelError, match="no plugin makes vectors") as caught:
        make_question_vector("what?", DataDir(tmp_path), show=lambda _: None)
    assert caught.value.code == "embed-off"
    assert "embed_minilm" in str(caught.value)


def test_search_by_meaning_without_a_plugin_says_so_before_it_looks_for_vectors(
    tmp_path: Path,
) -> None:
    with pytest.raises(KernelError, match="no plugin makes vectors"):
        find_alike("what?", DataDir(tmp_path), limit=5, show=lambda _: None)


@pytest.mark.skipif(bool(why_unavailable()), reason=why_unavailable() or "available")
def test_where_no_text_has_a_vector_nothing_is_alike_and_no_host_is_started(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[pipeline]\nembed_plugin = "embed_minilm"\n')
    assert find_alike("what?", DataDir(tmp_path), limit=5, show=lambda _: None) == ()
