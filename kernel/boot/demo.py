"""The demonstration: sample frames go in, cited answers come out, step by step.

Covers: the steps, told to a reporter as they happen. Does not cover: printing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from contracts.answer import Answer, Citation
from kernel.boot.kernel import Kernel
from kernel.boot.progress import describe_progress
from kernel.boot.samples import sample_questions, samples_dir
from kernel.capture.filewalk import walk_files
from kernel.capture.ingest import IngestOptions, IngestResult, ingest_offers, offer_images
from kernel.capture.sink import StoreSink
from kernel.capture.timestamps import read_local_zone
from kernel.config.errors import KernelError
from kernel.query.answering import ask
from kernel.query.crops import save_crop
from kernel.store.clock import wall_clock_us


@dataclass(frozen=True, slots=True)
class DemoAnswer:
    """A question, its answer and where the crops of its citations are."""

    answer: Answer
    crops: dict[Citation, Path | str]


def take_in_samples(kernel: Kernel) -> list[IngestResult]:
    """Ingest the packaged frames as a person would with `kernel ingest`."""
    options = IngestOptions(local_zone=read_local_zone(), app="demo")
    offers = offer_images(walk_files((samples_dir(),)), options, wall_clock_us)
    images = (result for result in ingest_offers(offers, StoreSink(kernel.parts.evidence)))
    return [result for result in images if result.event is not None]


def process_samples(kernel: Kernel, show: Callable[[str], None]) -> str:
    """Run until nothing waits; returns the reason why the loop ended.

    Raises `KernelError` ``demo-stuck`` when the work cannot be done.
    """

    def is_over(running: Kernel) -> bool:
        now = running.progress()
        show(describe_progress(now.done_by, unread=now.unread, unfinished=now.unfinished))
        if now.stuck:
            raise KernelError("demo-stuck", now.stuck, hint="run: kernel doctor")
        return now.unfinished == 0 and now.in_hand == 0

    return kernel.run(until=is_over)


def answer_questions(kernel: Kernel) -> list[DemoAnswer]:
    """Ask the sample questions and cut out the proof of every citation."""
    parts = kernel.parts
    answers: list[DemoAnswer] = []
    for question in sample_questions():
        locks = (parts.contracts_lock, parts.plugins_lock)
        answer = ask(parts.evidence, parts.derived, question, locks=locks)
        crops: dict[Citation, Path | str] = {
            citation: save_crop(
                citation, parts.evidence.read_blob(citation.blob), parts.data_dir.crops_dir
            )
            for claim in answer.claims
            for citation in claim.citations
        }
        answers.append(DemoAnswer(answer, crops))
    return answers
