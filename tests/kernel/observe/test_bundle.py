"""A bug report's bundle names neither the person nor what was on the screen."""

from __future__ import annotations

import getpass
import socket
import zipfile
from pathlib import Path

import pytest

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.observe.bundle import redact, write_bundle
from kernel.observe.check import Check
from kernel.store.draft import CaptureDraft
from kernel.store.evidence import EvidenceStore


def test_bundle_holds_no_names_paths_titles_or_pixels(tmp_path: Path) -> None:
    place = DataDir(tmp_path / "very-private-place")
    with EvidenceStore.open(place) as store:
        store.append(
            [
                CaptureDraft(
                    captured_at_us=1,
                    tz_name="UTC",
                    tz_offset_s=0,
                    monotonic_ns=0,
                    source="ingest",
                    source_path="/somewhere/love-letter.png",
                    window_title="My diary",
                    app="diary",
                    media_type="image/png",
                    data=b"secret pixels",
                )
            ]
        )
        store.ledger.append("ingest-refused", "/somewhere/tax-return.pdf", {"code": "x"})
        store.ledger.append("host-crashed", "h1-00000000", {"plugin": "p"})
    path = tmp_path / "bundle.zip"
    saw = f"{place.root} of {getpass.getuser()} on {socket.gethostname()}"
    write_bundle(path, place, [Check("a", "ok", saw)])
    with zipfile.ZipFile(path) as bundle:
        text = "".join(bundle.read(name).decode() for name in bundle.namelist())
    for private in ("very-private-place", "love-letter", "tax-return", "My diary", "secret pixels"):
        assert private not in text
    assert "host-crashed" in text
    assert "h1-00000000" in text


def test_existing_file_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    path.write_text("mine")
    with pytest.raises(KernelError, match="exists"):
        write_bundle(path, DataDir(tmp_path / "none"), [])
    assert path.read_text() == "mine"


def test_longer_words_are_replaced_first() -> None:
    words = {"/home/ann": "HOME", "/home/ann/data": "DATA_DIR", "ann": "USER"}
    assert redact("/home/ann/data and /home/ann and ann", words) == "DATA_DIR and HOME and USER"
