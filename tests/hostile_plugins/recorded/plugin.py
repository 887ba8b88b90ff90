"""The text page that the comment of a PNG holds as JSON, for the bytes it stands in."""

from __future__ import annotations

import msgspec

from contracts.text import TextPage
from plugin_host.hooks import PluginError, StageInput, TaskContext, hookimpl

BEGIN, END = b"tEXtComment\x00", b"\x00END"


@hookimpl
def autocapture_run(
    stage: str, inputs: tuple[StageInput, ...], task: TaskContext
) -> msgspec.Struct | None:
    """The page, under the digest of what was given."""
    task.checkpoint(0, 1)
    _, found, rest = inputs[0].data.partition(BEGIN)
    if stage != "text" or not found:
        raise PluginError("no-page", "the picture holds no recorded page")
    page = msgspec.json.decode(rest.partition(END)[0], type=TextPage)
    return msgspec.structs.replace(page, blob=inputs[0].digest)
