"""A bug report's bundle names neither the person nor what was on the screen."""

from __future__ import annotations

import getpass
import json
import socket
import stat
import sys
import zipfile
from pathlib import Path

import pytest

from kernel.config.errors import ExitCode, KernelError
from kernel.config.paths import DataDir
from kernel.observe.bundle import INSTALL, redact, require_name, write_bundle
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
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_home_installation_data_dir_and_named_folders_are_told_by_what_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a name is not ASCII, and where the settings cannot be loaded."""
    home = tmp_path / "jürgen"
    place = DataDir(home / "data")
    place.root.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("KERNEL_INTAKE_INBOX_DIR", str(tmp_path / "drawer"))
    saw = f"{place.root} {home}/x {INSTALL}/kernel {sys.executable} {tmp_path}/drawer/1.png"
    path = tmp_path / "bundle.zip"
    write_bundle(path, place, [Check("a", "ok", saw)])
    with zipfile.ZipFile(path) as bundle:
        (check,) = json.loads(bundle.read("checks.json"))
        whole = "".join(bundle.read(name).decode() for name in bundle.namelist())
    assert check["saw"].startswith("<data> <home>/x <install>/kernel <install>/")
    assert check["saw"].endswith(" <intake.inbox_dir>/1.png")
    assert str(INSTALL) not in whole
    assert "rgen" not in whole
    (place.root / "config.toml").write_text("[hosts]\nmax_hosts = 99\n")
    write_bundle(tmp_path / "second.zip", place, [])
    with zipfile.ZipFile(tmp_path / "second.zip") as bundle:
        assert "config-invalid" in bundle.read("config.json").decode()


def test_a_folder_that_is_not_there_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(KernelError, match="not a folder") as caught:
        require_name(tmp_path / "none" / "x.zip")
    assert (caught.value.code, caught.value.exit_code) == ("bundle-unwritable", ExitCode.USAGE)


def test_existing_file_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    path.write_text("mine")
    with pytest.raises(KernelError, match="exists"):
        write_bundle(path, DataDir(tmp_path / "none"), [])
    assert path.read_text() == "mine"


def test_longer_words_are_replaced_first() -> None:
    words = {"/home/ann": "HOME", "/home/ann/data": "DATA_DIR", "ann": "USER"}
    assert redact("/home/ann/data and /home/ann and ann", words) == "DATA_DIR and HOME and USER"
