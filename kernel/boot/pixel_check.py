"""Reads the crop of every citation again, in a supervised host, and drops what does not stand.

The crops go through the ordinary way of a frame (capture, backlog, host, text page) in a data dir
of their own that lies in a temporary folder, with the settings and approvals of the person's:
so it works beside a running kernel, and nothing of the evidence is touched. Covers: cutting,
running, collecting. Does not cover: the judgement (`kernel.query.rereading`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from contracts.answer import Answer, Citation
from contracts.text import TextPage
from kernel.boot.kernel import Kernel
from kernel.boot.scratch import make_scratch, scratch_settings
from kernel.boot.session import kernel_session
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.settings import LoadedSettings
from kernel.query.crops import cut_crop
from kernel.query.rereading import judged
from kernel.store.draft import CaptureDraft
from kernel.store.evidence import EvidenceStore

TIME_S_MAX = 120.0
"""Citations that are not read again by then do not stand."""


def check_pixels(answer: Answer, data_dir: DataDir, *, show: Callable[[str], None]) -> Answer:
    """The answer without the claims that are not on their pixels.

    Raises `KernelError`: ``crop-needs-pillow``, and what keeps a plugin from running.
    """
    citations = list(dict.fromkeys(c for claim in answer.claims for c in claim.citations))
    crops = _cut(citations, data_dir)
    pages: dict[Citation, TextPage | None] = dict.fromkeys(citations)
    with tempfile.TemporaryDirectory(prefix="autocapture-crops-") as folder:
        scratch = make_scratch(data_dir, Path(folder))
        read = _read(scratch, scratch_settings(data_dir, "text"), crops.values(), show)
    for citation, crop in crops.items():
        pages[citation] = read.get(crop)
    show("")
    return judged(answer, pages)


def _cut(citations: Iterable[Citation], data_dir: DataDir) -> dict[Citation, bytes]:
    """The crops; a citation whose frame cannot be cut has none."""
    crops = {}
    with EvidenceStore.open_read_only(data_dir) as evidence:
        for citation in citations:
            try:
                crops[citation] = cut_crop(citation, evidence.read_blob(citation.blob))
            except KernelError as error:
                if error.code == "crop-needs-pillow":
                    raise
    return crops


def _read(
    scratch: DataDir,
    loaded: LoadedSettings,
    crops: Iterable[bytes],
    show: Callable[[str], None],
) -> dict[bytes, TextPage]:
    """What is read on each crop; those that could not be read are left out."""
    distinct = list(dict.fromkeys(crops))
    if not distinct:
        return {}
    with kernel_session(scratch, loaded) as (kernel, _):
        if kernel.parts.problem is not None:
            raise kernel.parts.problem
        done = kernel.parts.evidence.append([_draft(crop, n) for n, crop in enumerate(distinct)])
        blobs = sorted({ack.event.blob for ack in done})
        kernel.request_processing()
        kernel.stop_after(TIME_S_MAX)

        def is_read(running: Kernel) -> bool:
            now = running.progress()
            found = running.parts.derived.which_processed(blobs)
            show(f"reading {len(distinct)} cut-outs again: {len(found)} done")
            return len(found) == len(distinct) or now.is_drained or bool(now.stuck)

        kernel.run(until=is_read)
        stored = [
            (crop, kernel.parts.derived.page_of(ack.event.blob))
            for crop, ack in zip(distinct, done, strict=True)
        ]
    return {crop: found[1] for crop, found in stored if found is not None}


def _draft(crop: bytes, number: int) -> CaptureDraft:
    # A stream of its own for each: nothing is carried over from one crop to the next.
    return CaptureDraft(
        captured_at_us=number,
        tz_name="UTC",
        tz_offset_s=0,
        monotonic_ns=number,
        source=f"crop-{number}",
        media_type="image/png",
        data=crop,
    )
