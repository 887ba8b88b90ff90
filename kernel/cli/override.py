"""`kernel pause|resume|active|idle`: the person's word on heavy work.

The word is written into the data dir; a running kernel sees it within its next tick, a
stopped one when it starts.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import click

from kernel.config.paths import DataDir, default_data_dir
from kernel.scheduling.override import Override, Word, write_override

IDLE_DEFAULT_S = 3_600.0
"""How long the word ``idle`` holds unless told otherwise: a forgotten one must not last."""
DURATION_MAX_S = 31 * 86_400.0
_DURATION = re.compile(r"^([0-9]+(?:\.[0-9]+)?)(s|m|h|d)$")
_UNIT_S = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}

_data_dir = click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False))
_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
_for = click.option("--for", "duration", metavar="DURATION", help="Such as 90s, 30m, 8h.")


@click.command(help="Stop heavy work until `kernel resume`; capture goes on.")
@_data_dir
@_json
@_for
def pause(*, data_dir: Path | None, as_json: bool, duration: str | None) -> None:
    """Say: no heavy work, not even for an explicit request."""
    _give("pause", data_dir, duration, as_json=as_json)


@click.command(help="Take back pause, active or idle: activity decides again.")
@_data_dir
@_json
def resume(*, data_dir: Path | None, as_json: bool) -> None:
    """Say: no word of mine any more."""
    _give("none", data_dir, None, as_json=as_json)


@click.command(help="Count as active until `kernel resume`: capture only.")
@_data_dir
@_json
@_for
def active(*, data_dir: Path | None, as_json: bool, duration: str | None) -> None:
    """Say: I am here, whatever you see (a film, a presentation)."""
    _give("active", data_dir, duration, as_json=as_json)


@click.command(help="Count as idle now, for an hour unless --for says otherwise.")
@_data_dir
@_json
@_for
def idle(*, data_dir: Path | None, as_json: bool, duration: str | None) -> None:
    """Say: use the machine now, though I am here."""
    _give("idle", data_dir, duration or f"{IDLE_DEFAULT_S:.0f}s", as_json=as_json)


def parse_duration_s(text: str) -> float:
    """Seconds in ``90s``, ``30m``, ``8h`` or ``2d``; raises `click.BadParameter`."""
    found = _DURATION.match(text)
    seconds = float(found.group(1)) * _UNIT_S[found.group(2)] if found else 0.0
    if not 0.0 < seconds <= DURATION_MAX_S:
        raise click.BadParameter(f"expected a duration such as 30m (at most 31d), got {text!r}")
    return seconds


def _give(word: Word, data_dir: Path | None, duration: str | None, *, as_json: bool) -> None:
    now_us = time.time_ns() // 1_000
    until_us = None if duration is None else now_us + int(parse_duration_s(duration) * 1e6)
    override = Override(word, now_us, until_us)
    path = DataDir(data_dir or default_data_dir()).override_file
    write_override(path, override)
    if as_json:
        click.echo(json.dumps({"word": word, "set_us": now_us, "until_us": until_us}))
        return
    sentences = {
        "none": "activity decides again",
        "pause": "heavy work is paused; capture goes on",
        "active": "you count as active; capture only",
        "idle": "you count as idle; heavy work may begin",
    }
    ending = f" for {duration}" if duration else ""
    click.echo(f"{sentences[word]}{ending}")
