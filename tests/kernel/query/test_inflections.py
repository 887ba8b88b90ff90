"""Forms of English verbs."""

from __future__ import annotations

import pytest

from kernel.query.inflections import (
    all_past_forms,
    forms_of,
    is_irregular_form,
    past_forms_of,
)


@pytest.mark.parametrize(
    ("word", "forms"),
    [
        ("keep", {"keep", "keeps", "keeping", "kept"}),
        ("kept", {"keep", "keeps", "keeping", "kept"}),
        ("wrote", {"write", "writes", "writing", "wrote", "written"}),
        ("sends", {"send", "sends", "sending", "sent"}),
        ("ship", {"ship", "ships", "shipping", "shipped"}),
        ("deny", {"deny", "denies", "denying", "denied"}),
        ("approve", {"approve", "approves", "approving", "approved"}),
        ("cancel", {"cancel", "cancels", "cancelling", "cancelled", "canceled", "canceling"}),
    ],
)
def test_a_verb_has_its_forms(word: str, forms: set[str]) -> None:
    assert forms_of(word) == forms


def test_past_forms_are_told_from_base_forms() -> None:
    assert is_irregular_form("Kept")
    assert is_irregular_form("written")
    assert not is_irregular_form("keep")
    assert not is_irregular_form("shipped")
    assert past_forms_of("writes") == {"wrote", "written"}
    assert past_forms_of("table") == frozenset()
    assert {"kept", "sold", "driven"} <= all_past_forms()
