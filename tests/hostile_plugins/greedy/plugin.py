"""Takes processor time and memory as the input's comment says; the result repeats the comment.

``spin THREADS CHILDREN SECONDS``: burn on so many threads and forked children, on all cores
if it can. ``burn SECONDS``: use so much of a processor's own time, however long that takes among
others. ``hog MIB EVERY_S``: take so much more, this often, until it is ended. ``leak MIB
ROOF_MIB``: keep so much more for ever and return; over the roof wait to be ended, so that nobody
can miss it. ``tick UNIT_MS SECONDS PATH``: work in units with a checkpoint after each, note in
the file when the last one ended and when it began, and end when the file says that it is enough.
A last word ``#N`` only makes inputs differ.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import signal
import struct
import threading
import time
from pathlib import Path

import msgspec

from contracts.text import TextLine, TextPage, Word
from plugin_host.hooks import SetupContext, StageInput, TaskContext, hookimpl

MIB = 1 << 20
BLOCK = bytes(65_536)
LEAKED: list[bytearray] = []


@hookimpl
def autocapture_setup(context: SetupContext) -> None:
    """Nothing to load."""


@hookimpl
def autocapture_run(
    stage: str, inputs: tuple[StageInput, ...], task: TaskContext
) -> msgspec.Struct | None:
    """Do what the comment says."""
    _, _, rest = inputs[0].data.partition(b"tEXtComment\x00")
    text = rest.partition(b"\x00END")[0].decode()
    name, *words = text.split("#", maxsplit=1)[0].split()
    match name:
        case "spin":
            spin(int(words[0]), int(words[1]), float(words[2]), task)
        case "burn":
            burn_own(float(words[0]), task)
        case "hog":
            hog(int(words[0]), float(words[1]), task)
        case "leak":
            leak(int(words[0]), int(words[1]), task)
        case "tick":
            tick(float(words[0]), float(words[1]), Path(words[2]), task)
    word = Word(text=text, box=(0, 0, 9, 9), confidence_permille=1000, start=0, end=len(text))
    line = TextLine(text=text, box=(0, 0, 9, 9), confidence_permille=1000, words=(word,))
    return TextPage(
        blob=inputs[0].digest,
        width_px=10,
        height_px=10,
        engine="greedy",
        engine_version="1",
        lines=(line,),
    )


def spin(threads: int, children: int, seconds: float, task: TaskContext) -> None:
    """Burn; hashing gives the interpreter free, so threads really run side by side."""
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
    end_s = time.monotonic() + seconds
    pids = []
    for _ in range(children):
        pid = os.fork()
        if pid == 0:
            burn(end_s)
            os._exit(0)
        pids.append(pid)
    burners = [threading.Thread(target=burn, args=(end_s,)) for _ in range(threads)]
    for burner in burners:
        burner.start()
    while time.monotonic() < end_s:
        task.checkpoint(1)
        burn(time.monotonic() + 0.05)
    for burner in burners:
        burner.join()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def burn(end_s: float) -> None:
    """Use the processor until then."""
    while time.monotonic() < end_s:
        hashlib.blake2b(BLOCK).digest()


def burn_own(cpu_s: float, task: TaskContext) -> None:
    """Use the processor for so long by its own clock."""
    end_s = time.process_time() + cpu_s
    while time.process_time() < end_s:
        burn(time.monotonic() + 0.05)
        task.checkpoint(1)


def hog(step_mib: int, every_s: float, task: TaskContext) -> None:
    """Take more and more."""
    held = []
    while True:
        held.append(bytearray(b"x") * (step_mib * MIB))
        task.checkpoint(len(held))
        time.sleep(every_s)


def leak(step_mib: int, roof_mib: int, task: TaskContext) -> None:
    """Keep a little more for ever."""
    LEAKED.append(bytearray(b"x") * (step_mib * MIB))
    while sum(map(len, LEAKED)) > roof_mib * MIB:
        task.checkpoint(len(LEAKED))
        time.sleep(0.05)


def tick(unit_ms: float, seconds: float, path: Path, task: TaskContext) -> None:
    """Work in small units and leave the time of each where somebody outside reads it."""
    end_s = time.monotonic() + seconds
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 24) as shared:
        while time.monotonic() < end_s and not struct.unpack_from("<q", shared, 16)[0]:
            struct.pack_into("<q", shared, 8, time.monotonic_ns())
            burn(time.monotonic() + unit_ms / 1000)
            struct.pack_into("<q", shared, 0, time.monotonic_ns())
            task.checkpoint(1)
