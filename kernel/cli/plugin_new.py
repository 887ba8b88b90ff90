"""`kernel plugins new`: a working plugin to begin with."""

from __future__ import annotations

import importlib.util
import json
import keyword
from pathlib import Path

import click
import msgspec

from contracts.base import PluginId
from kernel.cli.options import data_dir_option, json_option
from kernel.cli.plugin_template import render_plugin
from kernel.config.errors import ExitCode, KernelError
from kernel.config.paths import DataDir


@click.command(help="Write a working plugin with a test into a new folder NAME.")
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Where the folder is made; default: here.",
)
@data_dir_option
@json_option
def new(*, name: str, into: Path, data_dir: DataDir, as_json: bool) -> None:
    """Write the files and say what to do with them; never over something that is there."""
    del data_dir  # Taken by every command; a new plugin is nobody's yet.
    _check_name(name)
    target = into / name
    if target.exists():
        raise KernelError(
            "plugin-exists",
            f"{target} is there already",
            hint="choose another name, or another folder with --into",
            exit_code=ExitCode.USAGE,
        )
    files = render_plugin(name)
    for relative, text in files.items():
        path = target / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    if as_json:
        click.echo(json.dumps({"folder": str(target.absolute()), "files": sorted(files)}, indent=2))
        return
    for relative in files:
        click.echo(f"wrote {target / relative}")
    click.echo(f"Try it:      cd {target} && python -m pytest")
    click.echo("Install it:  python -m pip install .")
    click.echo(f"Let it run:  kernel plugins approve {name}")


def _check_name(name: str) -> None:
    try:
        msgspec.convert(name, PluginId)
    except msgspec.ValidationError as error:
        raise KernelError(
            "plugin-name-invalid",
            f"{name!r} is no name for a plugin: small letters, digits and _, 2 to 63 of them",
            hint="for example: kernel plugins new my_reader",
            exit_code=ExitCode.USAGE,
        ) from error
    if keyword.iskeyword(name) or importlib.util.find_spec(name) is not None:
        raise KernelError(
            "plugin-name-invalid",
            f"a package called {name} cannot be made: the name is taken",
            hint="choose another name",
            exit_code=ExitCode.USAGE,
        )
