"""Answers every task at once, or does what the task's settings ask for.

``mode``: echo, raise, retry, refuse (for good), full (MemoryError), leave (SystemExit), sleep
(seconds), hang and hang-then-raise (until a file is there), spin (holds the GIL), exit, kill
(SIGKILL to itself), stop, wrong (a record of another input), not-a-record, progress.
"""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import msgspec

from contracts.text import TextLine, TextPage, Word
from plugin_host.hooks import PluginError, SetupContext, StageInput, TaskContext, hookimpl


@hookimpl
def autocapture_setup(context: SetupContext) -> None:
    """Crash at start when the settings say so."""
    if context.config.get("setup") == "raise":
        raise RuntimeError("told to fail in setup")
    if context.config.get("setup") == "exit":
        os._exit(7)


@hookimpl
def autocapture_run(
    stage: str, inputs: tuple[StageInput, ...], task: TaskContext
) -> msgspec.Struct | None:
    """One page whose only line is the input as text."""
    if stage != "text":
        return None
    text = _text_in(inputs[0].data)
    mode, _, argument = text.partition(":") if text.startswith("!") else ("!echo", "", text)
    _misbehave(mode, argument, task)
    if mode == "!not-a-record":
        return ["no", "record"]  # type: ignore[return-value]
    digest = "0" * 64 if mode == "!wrong" else inputs[0].digest
    return _page(digest, argument or mode)


def _text_in(data: bytes) -> str:
    """The input as text; of a PNG, what its comment says (see tests/functional/rig.py)."""
    if not data.startswith(b"\x89PNG"):
        return data.decode("utf-8", "replace")
    _, found, rest = data.partition(b"tEXtComment\x00")
    return rest.partition(b"\x00END")[0].decode("utf-8") if found else ""


def _misbehave(mode: str, argument: str, task: TaskContext) -> None:  # noqa: C901, PLR0912
    match mode:
        case "!raise":
            raise RuntimeError(argument)
        case "!retry":
            raise PluginError("try-again", argument, retry=True)
        case "!refuse":
            raise PluginError("refused", argument)
        case "!full":
            raise MemoryError(argument)
        case "!leave":
            raise SystemExit(argument)
        case "!hang":
            # Ends when the file is there: a thread of a test must not live for ever.
            while not Path(argument).exists():
                time.sleep(0.02)
        case "!hang-then-raise":
            while not Path(argument).exists():
                time.sleep(0.02)
            raise RuntimeError(argument)
        case "!sleep":
            time.sleep(float(argument))
        case "!spin":
            # A backtracking match holds the GIL for longer than any test lasts.
            re.match(r"(a+)+$", "a" * 60 + "b")
        case "!exit":
            os._exit(int(argument or 3))
        case "!kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "!stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "!progress":
            for done in range(int(argument)):
                task.checkpoint(done, int(argument))
                time.sleep(0.01)
        case _:
            task.checkpoint(1, 1)


def _page(digest: str, text: str) -> TextPage:
    lines: tuple[TextLine, ...] = ()
    if text.strip():
        line = text.split("\n", maxsplit=1)[0][:200]
        word = Word(text=line, box=(0, 0, 10, 10), confidence_permille=1000, start=0, end=len(line))
        lines = (TextLine(text=line, box=(0, 0, 10, 10), confidence_permille=1000, words=(word,)),)
    return TextPage(
        blob=digest, width_px=10, height_px=10, engine="echo", engine_version="1", lines=lines
    )
