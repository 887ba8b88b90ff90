"""The text page that the comment of a PNG holds, read with the misdeeds that stand before it.

The comment is ``WORD NUMBER`` for each misdeed, a line feed, and the page as JSON. ``keep MIB``:
keep so much for ever; over `ROOF_MIB` wait to be ended, so that nobody can miss it. ``burn S``:
compute on two threads for so long.
"""

from __future__ import annotations

import hashlib
import threading
import time

import msgspec

from contracts.text import TextPage
from plugin_host.hooks import PluginError, StageInput, TaskContext, hookimpl

BEGIN, END = b"tEXtComment\x00", b"\x00END"
MIB = 1 << 20
ROOF_MIB = 256
"""The manifest's own cap."""
BURNERS = 2
BLOCK = bytes(65_536)
KEPT: list[bytearray] = []


@hookimpl
def autocapture_run(
    stage: str, inputs: tuple[StageInput, ...], task: TaskContext
) -> msgspec.Struct | None:
    """The page, under the digest of what was given."""
    _, found, rest = inputs[0].data.partition(BEGIN)
    if stage != "text" or not found:
        raise PluginError("no-page", "the picture holds no page")
    misdeeds, _, page = rest.partition(END)[0].partition(b"\n")
    words = misdeeds.decode().split()
    for name, number in zip(words[::2], words[1::2], strict=True):
        if name == "keep":
            keep(int(number), task)
        elif name == "burn":
            burn(float(number), task)
    task.checkpoint(0, 1)
    return msgspec.structs.replace(msgspec.json.decode(page, type=TextPage), blob=inputs[0].digest)


def keep(mib: int, task: TaskContext) -> None:
    """Keep so much for ever."""
    KEPT.append(bytearray(b"x") * (mib * MIB))
    while sum(map(len, KEPT)) > ROOF_MIB * MIB:
        task.checkpoint(len(KEPT))
        time.sleep(0.05)


def burn(seconds: float, task: TaskContext) -> None:
    """Use the processor; hashing gives the interpreter free, so threads really run side by side."""
    end_s = time.monotonic() + seconds

    def work() -> None:
        while time.monotonic() < end_s:
            hashlib.blake2b(BLOCK).digest()

    burners = [threading.Thread(target=work) for _ in range(BURNERS)]
    for burner in burners:
        burner.start()
    for burner in burners:
        while burner.is_alive():
            task.checkpoint(1)
            burner.join(0.05)
