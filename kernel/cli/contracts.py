"""`kernel contracts`: which records exist, what they look like, whether the lock holds."""

from __future__ import annotations

import inspect
import json
from typing import Any

import click

from kernel.cli.options import data_dir_option, json_option
from kernel.config.errors import ExitCode, KernelError
from kernel.config.paths import DataDir


@click.group(help="List, show and check the contracts of records and messages.")
def contracts() -> None:
    """Group of the contract commands."""


@contracts.command(name="list", help="Every record and message with its versions.")
@data_dir_option
@json_option
def list_(*, data_dir: DataDir, as_json: bool) -> None:
    """Print kind, version, family, fields, release; reads the lock, not the data dir."""
    from kernel.config.locks import read_contracts_lock

    del data_dir  # Taken by every command; contracts are the installation's.
    lock = read_contracts_lock()
    rows = [
        {
            "ref": ref,
            "family": entry.shape["family"],
            "fields": len(entry.shape["fields"]),
            "released": entry.released,
        }
        for ref, entry in sorted(lock.contracts.items())
    ]
    if as_json:
        click.echo(json.dumps({"fingerprint": lock.fingerprint, "contracts": rows}, indent=2))
        return
    width = max(len(str(row["ref"])) for row in rows)
    for row in rows:
        released = row["released"] or "draft"
        size = f"{row['fields']:>2} fields"
        click.echo(f"{row['ref']:<{width}}  {row['family']:<7}  {size}  {released}")
    click.echo(f"fingerprint {lock.fingerprint}")


@contracts.command(help="One contract: KIND (its newest version) or KIND@VERSION.")
@click.argument("ref")
@data_dir_option
@json_option
def show(*, ref: str, data_dir: DataDir, as_json: bool) -> None:
    """Print the fields in words, or the whole lock entry as JSON with a complete schema."""
    import msgspec

    from contracts.bounded import ContractError
    from contracts.lock import find_contract
    from contracts.schema import describe, ref_of

    del data_dir
    try:
        contract = find_contract(ref)
    except ContractError as error:
        raise KernelError(
            "contract-unknown",
            error.reason,
            hint="see: kernel contracts list",
            exit_code=ExitCode.USAGE,
        ) from error
    shape = describe(contract)
    if as_json:
        schema = msgspec.json.schema(contract)
        document = {"ref": ref_of(contract), "shape": shape, "json_schema": schema}
        click.echo(json.dumps(document, indent=2, sort_keys=True))
        return
    click.echo(f"{ref_of(contract)} ({shape['family']})")
    click.echo(f"{inspect.getdoc(contract)}\n")
    width = max(len(field["encoded"]) for field in shape["fields"])
    for field in shape["fields"]:
        default = f" = {json.dumps(field['default'])}" if "default" in field else ""
        click.echo(f"  {field['encoded']:<{width}}  {describe_type(field['type'])}{default}")


@contracts.command(help="Whether the code's contracts are those of the lock; exits 1 if not.")
@data_dir_option
@json_option
def check(*, data_dir: DataDir, as_json: bool) -> None:
    """Print every difference with its verdict and why."""
    from contracts.lock import code_matches, compare_code, describe_code
    from kernel.config.locks import read_contracts_lock

    del data_dir
    lock = read_contracts_lock()
    changes = compare_code(lock, describe_code())
    agrees = code_matches(lock)
    if as_json:
        document = {
            "agrees": agrees,
            "fingerprint": lock.fingerprint,
            "changes": [
                {
                    "ref": change.ref,
                    "path": change.path,
                    "rule": change.rule,
                    "verdict": change.verdict.name.lower(),
                    "detail": change.detail,
                }
                for change in changes
            ],
        }
        click.echo(json.dumps(document, indent=2))
    else:
        for change in changes:
            click.echo(str(change))
        if agrees:
            click.echo(f"the lock agrees with the code: {len(lock.contracts)} contracts")
        else:
            click.echo("the lock does not agree with the code")
    if not agrees:
        raise click.exceptions.Exit(int(ExitCode.FAILED))


def describe_type(shape: dict[str, Any]) -> str:
    """A type as one phrase: ``int 0..63``, ``list of word@1 (at most 4096)``."""
    match shape["type"]:
        case "record":
            return str(shape["ref"])
        case "literal":
            return "one of " + ", ".join(json.dumps(value) for value in shape["values"])
        case "union":
            return " or ".join(describe_type(member) for member in shape["of"])
        case "tuple":
            return "(" + ", ".join(describe_type(item) for item in shape["items"]) + ")"
        case "array":
            return f"list of {describe_type(shape['item'])}{_length(shape)}"
        case "map":
            inner = f"{describe_type(shape['key'])} to {describe_type(shape['value'])}"
            return f"map of {inner}{_length(shape)}"
        case "int":
            return f"int {shape.get('ge', '')}..{shape.get('le', '')}"
        case kind if "pattern" in shape:
            # The negative look-ahead only keeps a trailing newline out.
            return f"{kind} like {shape['pattern'].replace('$(?!' + chr(92) + 'n)', '$')}"
        case kind:
            return f"{kind}{_length(shape)}"


def _length(shape: dict[str, Any]) -> str:
    least, most = shape.get("min_length"), shape.get("max_length")
    if least is None and most is None:
        return ""
    return f" ({least} to {most})" if least else f" (at most {most})"
