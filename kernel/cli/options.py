"""Options that several subcommands share, so that they read and behave the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from kernel.config.paths import DATA_DIR_ENV, DataDir, default_data_dir

F = TypeVar("F", bound=Callable[..., Any])


def _to_data_dir(ctx: click.Context, param: click.Parameter, value: Path | None) -> DataDir:
    return DataDir(value.expanduser().absolute() if value else default_data_dir())


def data_dir_option(function: F) -> F:
    """``--data-dir DIR``, passed on as a `DataDir`; the default is the platform's."""
    return click.option(
        "--data-dir",
        "data_dir",
        type=click.Path(file_okay=False, path_type=Path),
        envvar=DATA_DIR_ENV,
        show_envvar=True,
        callback=_to_data_dir,
        help="Where evidence and derived records live.",
    )(function)


def json_option(function: F) -> F:
    """``--json``: print facts for programs."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(
        function
    )
