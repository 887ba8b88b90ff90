"""Points in time as options of commands.

Covers: ISO 8601. Does not cover: time phrases in questions (`kernel.query.times`).
"""

from __future__ import annotations

import datetime as dt

import click


def to_us(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """Microseconds since the epoch, as a callback of `click.option`; None stays None.

    Without an offset it is the local time of this machine. Raises `click.BadParameter`.
    """
    if value is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(value).astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(f"{value!r} is no ISO 8601 date or time") from error
    return int(moment.timestamp() * 1_000_000)
