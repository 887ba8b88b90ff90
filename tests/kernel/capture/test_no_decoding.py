"""Taking captures in decodes nothing: no image library is even loaded."""

import subprocess
import sys

from tests.architecture.tree import REPOSITORY

LOAD_ALL_AND_LIST = """
import importlib, pkgutil, sys
import kernel.capture
for module in pkgutil.walk_packages(kernel.capture.__path__, "kernel.capture."):
    importlib.import_module(module.name)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
DECODERS = {"PIL", "cv2", "numpy", "imageio", "imagecodecs", "pyspng", "mss"}


def test_all_of_capture_runs_without_an_image_library() -> None:
    listed = subprocess.run(
        [sys.executable, "-c", LOAD_ALL_AND_LIST],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert "kernel" in listed
    assert DECODERS & set(listed) == set()
