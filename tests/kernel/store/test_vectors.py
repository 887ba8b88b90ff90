"""Vectors are found by nearness, once each, and never across models."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.embedding import Embedding
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store import vectors
from kernel.store.sqlite import connect
from kernel.store.vectors import VectorStore, why_unavailable

SIZE = 64
MODEL = "a" * 64
OTHER = "b" * 64


@pytest.fixture
def data_dir(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path)


@pytest.fixture
def store(data_dir: DataDir) -> Iterator[VectorStore]:
    with VectorStore.open(data_dir) as opened:
        yield opened


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def embedding(text: str, components: NDArray[np.int8], *, model: str = MODEL) -> Embedding:
    return Embedding(
        text_digest=digest(text),
        model="test",
        model_digest=model,
        dimensions=len(components),
        scale_nano=1_000_000,
        components=components.tobytes(),
    )


def cloud(count: int, seed: int = 1) -> NDArray[np.int8]:
    """Vectors in clusters, as texts have them."""
    chance = np.random.default_rng(seed)
    centres = chance.normal(size=(max(1, count // 50), SIZE))
    places = centres[chance.integers(0, len(centres), count)]
    places += 0.5 * chance.normal(size=(count, SIZE))
    peaks = np.abs(places).max(axis=1, keepdims=True)
    scaled: NDArray[np.int8] = np.rint(places / peaks * 127).astype(np.int8)
    return scaled


def test_the_nearest_are_those_that_comparing_with_all_finds(store: VectorStore) -> None:
    rows = cloud(2000)
    texts = [f"text {number}" for number in range(len(rows))]
    assert store.add(map(embedding, texts, rows)) == 2000
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    found_right = 0
    for asked in range(0, 2000, 100):
        near = store.nearest(MODEL, rows[asked].tobytes(), limit=10)
        cosines = unit @ unit[asked]
        best = {digest(texts[place]) for place in np.argsort(-cosines)[:10]}
        found_right += len(best & {hit.text_digest for hit in near})
        assert near[0].text_digest == digest(texts[asked])
        distances = [hit.distance for hit in near]
        assert distances == sorted(distances)
        assert abs(distances[-1] - (1 - cosines[texts.index(_text_of(near[-1], texts))])) < 1e-3
    assert found_right >= 0.97 * 200


def _text_of(hit: vectors.Near, texts: list[str]) -> str:
    return next(text for text in texts if digest(text) == hit.text_digest)


def test_a_text_has_one_vector_of_a_model(store: VectorStore) -> None:
    rows = cloud(3)
    assert store.add([embedding("a", rows[0]), embedding("b", rows[1])]) == 2
    assert store.add([embedding("a", rows[0]), embedding("c", rows[2])]) == 1
    assert [model.vectors for model in store.models()] == [3]


def test_vectors_of_two_models_are_never_compared(store: VectorStore) -> None:
    rows = cloud(2)
    store.add([embedding("mine", rows[0]), embedding("theirs", rows[1], model=OTHER)])
    near = store.nearest(MODEL, rows[1].tobytes(), limit=10)
    assert [hit.text_digest for hit in near] == [digest("mine")]
    near = store.nearest(OTHER, rows[1].tobytes(), limit=10)
    assert [hit.text_digest for hit in near] == [digest("theirs")]
    assert store.nearest("c" * 64, rows[1].tobytes(), limit=10) == ()


def test_what_is_missing_is_told_for_each_model(store: VectorStore) -> None:
    texts = [f"text {number}" for number in range(1200)]
    rows = cloud(600)
    store.add(embedding(text, row) for text, row in zip(texts[::2], rows, strict=True))
    digests = [digest(text) for text in texts]
    assert store.missing(MODEL, digests) == digests[1::2]
    assert store.missing(OTHER, digests) == digests
    assert store.missing(MODEL, []) == []


def test_a_stored_vector_is_read_back(store: VectorStore) -> None:
    row = cloud(1)[0]
    store.add([embedding("kept", row)])
    assert store.vector_of(MODEL, digest("kept")) == row.tobytes()
    assert store.vector_of(MODEL, digest("other")) is None
    assert store.vector_of(OTHER, digest("kept")) is None


def test_equally_near_texts_come_in_the_order_of_their_digests(store: VectorStore) -> None:
    row = cloud(1)[0]
    names = [f"same {number}" for number in range(20)]
    store.add(embedding(name, row) for name in names)
    near = store.nearest(MODEL, row.tobytes(), limit=20)
    assert [hit.text_digest for hit in near] == sorted(map(digest, names))


@pytest.mark.parametrize("size", [SIZE // 2, SIZE + 8])
def test_a_vector_of_another_length_is_refused_and_nothing_of_its_batch_is_kept(
    store: VectorStore, size: int
) -> None:
    rows = cloud(2)
    store.add([embedding("first", rows[0])])
    misfit = embedding("misfit", np.ones(size, dtype=np.int8))
    with pytest.raises(KernelError, match="dimensions"):
        store.add([embedding("second", rows[1]), misfit])
    assert [model.vectors for model in store.models()] == [1]
    assert len(store.nearest(MODEL, rows[1].tobytes(), limit=10)) == 1


def test_what_was_stored_is_there_after_opening_again(data_dir: DataDir) -> None:
    assert VectorStore.open_read_only(data_dir) is None
    row = cloud(1)[0]
    with VectorStore.open(data_dir) as store:
        store.add([embedding("kept", row)])
        with VectorStore.open_read_only(data_dir) as beside:  # type: ignore[union-attr]
            assert len(beside.nearest(MODEL, row.tobytes(), limit=1)) == 1
    with VectorStore.open(data_dir) as again:
        assert again.models()[0].name == "test"
        assert again.add([embedding("kept", row)]) == 0


def test_a_database_of_a_newer_kernel_is_refused(data_dir: DataDir) -> None:
    with connect(data_dir.vectors_db) as database:
        database.execute("PRAGMA user_version=99")
    with pytest.raises(KernelError, match="schema version 99"):
        VectorStore.open(data_dir)
    with pytest.raises(KernelError, match="schema version 99"):
        VectorStore.open_read_only(data_dir)


def test_without_the_extension_it_says_what_to_install(
    data_dir: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert why_unavailable() == ""
    monkeypatch.setattr(vectors, "_EXTENSION", "no_such_package")
    with pytest.raises(KernelError, match="sqlite-vec") as caught:
        VectorStore.open(data_dir)
    assert caught.value.code == "vectors-unavailable"
    assert "embed" in str(caught.value)


def test_a_batch_is_done_where_its_vectors_are(data_dir: DataDir, store: VectorStore) -> None:
    batch = "c" * 64
    assert not store.has_batch(batch)
    store.add([embedding("one", cloud(1)[0])], batch=batch)
    assert store.has_batch(batch)
    name = store.store_id()
    assert name
    store.close()
    with VectorStore.open(data_dir) as again:
        assert again.store_id() == name
        assert again.has_batch(batch)


@pytest.mark.parametrize("filled", [True, False])
def test_vectors_of_version_1_are_gone_on_with_and_an_empty_store_begins_anew(
    data_dir: DataDir, store: VectorStore, *, filled: bool
) -> None:
    if filled:
        store.add([embedding("one", cloud(1)[0])])
    store.close()
    raw = connect(data_dir.vectors_db)
    raw.execute("DROP TABLE batches; DROP TABLE meta; PRAGMA user_version=1")
    raw.close()
    read = VectorStore.open_read_only(data_dir)
    assert read is not None
    assert read.store_id() == ""
    read.close()
    with VectorStore.open(data_dir) as again:
        assert bool(again.store_id()) is not filled
        assert not again.has_batch("c" * 64)
