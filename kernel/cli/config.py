"""`kernel config`: what is configured, where each value came from, what could be set."""

from __future__ import annotations

import json
from pathlib import Path

import click

from kernel.config.paths import DataDir, default_data_dir


@click.group(help="Show settings, their origin, the known keys and profiles.")
def config() -> None:
    """Group of the configuration commands."""


@config.command(help="Print the configuration in effect.")
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), default=None)
@click.option("--profile", default=None, help="Packaged profile or a path ending in .toml.")
@click.option(
    "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="As a flag would set it."
)
@click.option("--origin", "with_origin", is_flag=True, help="Say which layer set each value.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def show(
    *,
    data_dir: Path | None,
    profile: str | None,
    assignments: tuple[str, ...],
    with_origin: bool,
    as_json: bool,
) -> None:
    """Print key, value and (asked for) origin; exits 2 with `config-invalid` on bad input."""
    # Imported here: pydantic costs half a second that `kernel --help` must not pay.
    from kernel.config.settings import load_settings

    overrides = dict(parse_assignment(text) for text in assignments)
    loaded = load_settings(profile, DataDir(data_dir or default_data_dir()), overrides)
    values = loaded.values()
    if as_json:
        document: dict[str, object] = {
            "profile": loaded.profile,
            "digest": loaded.digest,
            "values": values,
        }
        if with_origin:
            document["origins"] = {
                key: {"kind": loaded.origins[key].kind, "place": loaded.origins[key].place}
                for key in values
            }
        click.echo(json.dumps(document, indent=2, sort_keys=True))
        return
    width = max(len(key) for key in values)
    for key, value in values.items():
        line = f"{key:<{width}}  {json.dumps(value)}"
        click.echo(f"{line}  # {loaded.origins[key]}" if with_origin else line)
    click.echo(f"# profile {loaded.profile}, digest {loaded.digest}")


@config.command(help="List every key with its default, variable and meaning.")
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), hidden=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def keys(*, data_dir: Path | None, as_json: bool) -> None:
    """Print what may be set; reads no file, so it works when the configuration does not."""
    from kernel.config.settings import described_keys

    described = described_keys()
    if as_json:
        click.echo(json.dumps([entry.as_json() for entry in described], indent=2))
        return
    for entry in described:
        click.echo(f"{entry.key} = {json.dumps(entry.default)}")
        click.echo(f"    {entry.description}  ({entry.variable})")


@config.command(help="List the packaged profiles.")
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), hidden=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def profiles(*, data_dir: Path | None, as_json: bool) -> None:
    """Print the name and one line of each packaged profile."""
    from kernel.config.settings import profile_description, profile_names

    lines = {name: profile_description(name) for name in profile_names()}
    if as_json:
        click.echo(json.dumps(lines, indent=2))
        return
    for name, description in lines.items():
        click.echo(f"{name:<12} {description}")


def parse_assignment(text: str) -> tuple[str, str]:
    """``KEY=VALUE`` split at the first ``=``; raises `click.BadParameter` without one."""
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise click.BadParameter(f"expected KEY=VALUE, got {text!r}")
    return key.strip(), value.strip()
