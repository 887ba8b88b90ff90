"""The embedding plugin with its real weights, called as a host calls it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from contracts import canonical
from contracts.embedding import Embedding, EmbeddingBatch, TextBatch
from contracts.manifest import parse_manifest
from plugin_host.hooks import PluginError, SetupContext, StageInput, TaskCancelled
from plugins.embed_minilm import model
from plugins.embed_minilm.plugin import MiniLmPlugin
from tools.text_engines import ROOT, OpenTask

RELATED = ("The cat sits on the mat.", "A feline rests on a rug.")
STRANGE = "Quarterly revenue rose by five percent."


def batch(*texts: str) -> StageInput:
    data = canonical.encode(TextBatch(texts=texts))
    return StageInput(digest=canonical.digest_bytes(data), data=data, role="text_batch")


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> MiniLmPlugin:
    made = MiniLmPlugin()
    scratch = tmp_path_factory.mktemp("scratch")
    config = {"precision": "f32"}
    made.autocapture_setup(
        context=SetupContext(plugin_dir=ROOT, scratch_dir=scratch, config=config)
    )
    return made


def run(plugin: MiniLmPlugin, task: OpenTask, *texts: str) -> tuple[Embedding, ...]:
    made = plugin.autocapture_run(stage="embed", inputs=(batch(*texts),), task=task)
    assert isinstance(made, EmbeddingBatch)
    return made.embeddings


@pytest.fixture
def task(tmp_path: Path) -> OpenTask:
    return OpenTask(scratch_dir=tmp_path)


def real(embedding: Embedding) -> NDArray[np.float64]:
    components = np.frombuffer(embedding.components, dtype=np.int8).astype(np.float64)
    return components * (embedding.scale_nano / 1e9)


def test_texts_of_like_meaning_lie_near_one_another(plugin: MiniLmPlugin, task: OpenTask) -> None:
    first, second, strange = map(real, run(plugin, task, *RELATED, STRANGE))
    assert abs(np.linalg.norm(first) - 1) < 0.01
    # 0.557 with the model's own loader, sentence-transformers on PyTorch.
    assert abs(float(first @ second) - 0.557) < 0.03
    assert float(first @ strange) < 0.15


def test_vectors_come_in_the_order_of_the_texts_whatever_stands_beside_them(
    plugin: MiniLmPlugin, task: OpenTask
) -> None:
    texts = ("short", STRANGE * 12, "x", RELATED[0], "words " * 400)
    together = run(plugin, task, *texts)
    assert [e.text_digest for e in together] == [
        canonical.digest_bytes(text.encode()) for text in texts
    ]
    for text, embedding in zip(texts, together, strict=True):
        (alone,) = run(plugin, task, text)
        assert np.linalg.norm(real(alone) - real(embedding)) < 0.02


def test_a_vector_names_the_model_that_made_it(plugin: MiniLmPlugin, task: OpenTask) -> None:
    (made,) = run(plugin, task, "text")
    assert (made.model, made.dimensions) == (model.MODEL_NAME, model.DIMENSIONS)
    assert made.model_digest == model.weights_digest(model.model_dir())
    assert len(made.components) == model.DIMENSIONS


def test_texts_of_any_kind_get_a_vector(plugin: MiniLmPlugin, task: OpenTask) -> None:
    for text in ("", " ", "\u0000", "日本語のテキスト", "🙂" * 500):
        (made,) = run(plugin, task, text)
        assert 0.9 < np.linalg.norm(real(made)) < 1.1


def test_the_same_texts_give_the_same_bytes(plugin: MiniLmPlugin, task: OpenTask) -> None:
    assert run(plugin, task, *RELATED) == run(plugin, task, *RELATED)


def test_a_task_that_is_taken_back_ends_between_batches(
    plugin: MiniLmPlugin, task: OpenTask
) -> None:
    class Taken(OpenTask):
        def checkpoint(self, done: int, total: int = 0) -> None:
            super().checkpoint(done, total)
            raise TaskCancelled

    taken = Taken(scratch_dir=task.scratch_dir)
    with pytest.raises(TaskCancelled):
        plugin.autocapture_run(stage="embed", inputs=(batch(*["a b c"] * 1000),), task=taken)
    assert 0 < taken.checkpoints[0][0] < 1000


def test_other_stages_are_not_its_business(plugin: MiniLmPlugin, task: OpenTask) -> None:
    assert plugin.autocapture_run(stage="text", inputs=(), task=task) is None


@pytest.mark.parametrize("inputs", [(), (StageInput(digest="0" * 64, data=b"no"),)])
def test_inputs_that_are_no_batch_are_refused(
    plugin: MiniLmPlugin, task: OpenTask, inputs: tuple[StageInput, ...]
) -> None:
    with pytest.raises(PluginError) as caught:
        plugin.autocapture_run(stage="embed", inputs=inputs, task=task)
    assert caught.value.code == "inputs-invalid"


@pytest.mark.parametrize("config", [{"precision": "f64"}, {"threads": 0}, {"threads": "1"}])
def test_settings_that_are_none_are_refused(tmp_path: Path, config: dict[str, object]) -> None:
    context = SetupContext(plugin_dir=ROOT, scratch_dir=tmp_path, config=config)
    with pytest.raises(PluginError) as caught:
        MiniLmPlugin().autocapture_setup(context=context)
    assert caught.value.code == "config-invalid"


def test_the_manifest_is_one_and_declares_the_stage() -> None:
    text = (ROOT / "plugins" / "embed_minilm" / "plugin.toml").read_bytes()
    manifest = parse_manifest(text, "plugin.toml")
    (stage,) = manifest.stages
    assert (stage.name, stage.inputs, stage.output) == ("embed", ("text_batch",), "embedding_batch")
