from hypothesis import given
from hypothesis import strategies as st

from kernel.capture.inboxlisting import EntryKind, Pair, sort_names

FILE = EntryKind.FILE


def test_names_are_sorted_by_what_they_mean() -> None:
    listing = sort_names(
        {
            "b.png": FILE,
            "b.json": FILE,
            "a.PNG": FILE,
            "c.jpg": FILE,
            "c.jpg.json": FILE,
            "late.JSON": FILE,
            "d.png.tmp": FILE,
            ".hidden.png": FILE,
            "done": EntryKind.FOLDER,
            "refused": EntryKind.FOLDER,
            "2026": EntryKind.FOLDER,
            "link.png": EntryKind.LINK,
        }
    )
    assert listing.pairs == (Pair("a.PNG"), Pair("b.png", "b.json"), Pair("c.jpg", "c.jpg.json"))
    assert listing.lone_sidecars == ("late.JSON",)
    assert listing.temporaries == (".hidden.png", "d.png.tmp")
    assert listing.strangers == (("2026", EntryKind.FOLDER), ("link.png", EntryKind.LINK))


def test_sidecar_that_fits_two_images_is_shared_unless_one_has_its_own() -> None:
    entries = dict.fromkeys(["a.png", "a.jpg", "a.json"], FILE)
    assert sort_names(entries).pairs == (
        Pair("a.jpg", "a.json", shared=True),
        Pair("a.png", "a.json", shared=True),
    )
    entries["a.jpg.json"] = FILE
    assert sort_names(entries).pairs == (Pair("a.jpg", "a.jpg.json"), Pair("a.png", "a.json"))


names = st.text(st.sampled_from("ab.j"), min_size=1, max_size=4).flatmap(
    lambda stem: st.sampled_from(["", ".png", ".json", ".png.json", ".tmp"]).map(
        lambda suffix: stem + suffix
    )
)


@given(st.dictionaries(names, st.sampled_from(EntryKind), max_size=12))
def test_every_name_has_one_meaning(entries: dict[str, EntryKind]) -> None:
    listing = sort_names(entries)
    images = [pair.image for pair in listing.pairs]
    sidecars = {pair.sidecar for pair in listing.pairs if pair.sidecar}
    alone = [*listing.lone_sidecars, *listing.temporaries, *(n for n, _ in listing.strangers)]
    told = [*images, *sidecars, *alone]
    assert len(told) == len(set(told))
    own = {"done", "refused"}
    assert set(told) == set(entries) - own
    files = {name for name, kind in entries.items() if kind is FILE}
    assert {name for name in files if name.startswith(".")} <= set(listing.temporaries)
    assert listing.names() == set(told)
