"""Engines and pages read once for all tests of a run: a page costs seconds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache

import pytest

from contracts.text import TextPage
from tests.plugins.pictures import page_bytes
from tools.text_engines import TextEngine

ReadPage = Callable[[str], TextPage]


@pytest.fixture(scope="session")
def rapid(tmp_path_factory: pytest.TempPathFactory) -> TextEngine:
    pytest.importorskip("rapidocr", reason="the extra `ocr` is not installed")
    return TextEngine("ocr_rapid", tmp_path_factory.mktemp("rapid"))


@pytest.fixture(scope="session")
def tesseract(tmp_path_factory: pytest.TempPathFactory) -> TextEngine:
    pytest.importorskip("pytesseract", reason="the extra `tesseract` is not installed")
    if shutil.which("tesseract") is None:
        pytest.skip("the tesseract program is not installed (Debian: tesseract-ocr)")
    return TextEngine("ocr_tesseract", tmp_path_factory.mktemp("tesseract"))


@pytest.fixture(scope="session")
def rapid_page(rapid: TextEngine) -> ReadPage:
    return cache(lambda name: rapid.read(page_bytes(name)))


@pytest.fixture(scope="session")
def tesseract_page(tesseract: TextEngine) -> ReadPage:
    return cache(lambda name: tesseract.read(page_bytes(name)))
