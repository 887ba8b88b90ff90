"""`kernel pause|resume|active|idle`: the person's word on heavy work.

The word is written into the data dir; a running kernel sees it within its next tick, a
stopped one when it starts.
"""

from __future__ import annotations

import json
import time

import click

from kernel.cli.durations import Duration, told
from kernel.cli.options import data_dir_option, json_option
from kernel.config.paths import DataDir
from kernel.scheduling.override import Override, Word, write_override

IDLE_DEFAULT_S = 3_600.0
"""How long the word ``idle`` holds unless told otherwise: a forgotten one must not last."""

_for_option = click.option(
    "--for", "lasts_s", type=Duration(), default=None, help="Such as 90s, 30m, 8h."
)


@click.command(help="Stop heavy work until `kernel resume`; capture goes on.")
@data_dir_option
@json_option
@_for_option
def pause(*, data_dir: DataDir, as_json: bool, lasts_s: float | None) -> None:
    """Say: no heavy work, not even for an explicit request."""
    _give("pause", data_dir, lasts_s, as_json=as_json)


@click.command(help="Take back pause, active or idle: activity decides again.")
@data_dir_option
@json_option
def resume(*, data_dir: DataDir, as_json: bool) -> None:
    """Say: no word of mine any more."""
    _give("none", data_dir, None, as_json=as_json)


@click.command(help="Count as active until `kernel resume`: capture only.")
@data_dir_option
@json_option
@_for_option
def active(*, data_dir: DataDir, as_json: bool, lasts_s: float | None) -> None:
    """Say: I am here, whatever you see (a film, a presentation)."""
    _give("active", data_dir, lasts_s, as_json=as_json)


@click.command(help="Count as idle now, for an hour unless --for says otherwise.")
@data_dir_option
@json_option
@_for_option
def idle(*, data_dir: DataDir, as_json: bool, lasts_s: float | None) -> None:
    """Say: use the machine now, though I am here."""
    _give("idle", data_dir, lasts_s or IDLE_DEFAULT_S, as_json=as_json)


def _give(word: Word, data_dir: DataDir, lasts_s: float | None, *, as_json: bool) -> None:
    now_us = time.time_ns() // 1_000
    until_us = None if lasts_s is None else now_us + int(lasts_s * 1e6)
    override = Override(word, now_us, until_us)
    write_override(data_dir.override_file, override)
    if as_json:
        click.echo(json.dumps({"word": word, "set_us": now_us, "until_us": until_us}))
        return
    sentences = {
        "none": "activity decides again",
        "pause": "heavy work is paused; capture goes on",
        "active": "you count as active; capture only",
        "idle": "you count as idle; heavy work may begin",
    }
    ending = "" if lasts_s is None else f" for {told(lasts_s)}"
    click.echo(f"{sentences[word]}{ending}")
