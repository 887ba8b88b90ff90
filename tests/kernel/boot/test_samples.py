"""The packaged samples are there, small, and the demonstration's questions belong to them."""

from __future__ import annotations

import json

from kernel.boot.demo import answer_questions, process_samples, take_in_samples
from kernel.boot.samples import sample_questions, samples_dir
from kernel.capture.imagefile import recognise_image
from kernel.capture.imageformats.facts import ImageFacts


def test_samples_are_images_and_small() -> None:
    frames = sorted(samples_dir().glob("*.png"))
    assert len(frames) >= 2
    for frame in frames:
        assert isinstance(recognise_image(frame.read_bytes()), ImageFacts)
        assert frame.stat().st_size < 300_000


def test_two_questions_are_asked() -> None:
    document = json.loads((samples_dir() / "questions.json").read_text())
    assert sample_questions() == tuple(q["question"] for q in document["questions"])
    assert len(sample_questions()) == 2


def test_steps_of_the_demonstration_are_there_to_be_called() -> None:
    assert all(map(callable, (take_in_samples, process_samples, answer_questions)))
