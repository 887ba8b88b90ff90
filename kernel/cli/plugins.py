"""`kernel plugins`: what is installed, what may run, and a person's say in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from kernel.cli.options import data_dir_option, json_option
from kernel.cli.plugin_facts import (
    broken_facts,
    format_time,
    permission_facts,
    permission_lines,
    refusal_codes,
    standing_facts,
)
from kernel.cli.plugin_new import new
from kernel.config.approvals import (
    PluginLocks,
    PluginStanding,
    approve_plugin,
    choose_rollback,
    copy_folder,
    judge_plugins,
    read_plugin_locks,
    rollback_plugin,
)
from kernel.config.errors import ExitCode, KernelError
from kernel.config.paths import DataDir
from kernel.config.plugins import FoundPlugin, discover_plugins

if TYPE_CHECKING:
    from kernel.supervision.quarantine import JsonQuarantine, QuarantinedPlugin

DIGEST_SHOWN_CHARS = 16


@click.group(help="List, compare, approve and roll back plugins.")
def plugins() -> None:
    """Group of the plugin commands."""


plugins.add_command(new)


class _Inventory:
    """All plugins of this installation, judged once."""

    def __init__(self, data_dir: DataDir) -> None:
        self.locks: PluginLocks = read_plugin_locks(data_dir)
        found, self.broken = discover_plugins()
        self.found: dict[str, FoundPlugin] = {plugin.plugin_id: plugin for plugin in found}
        self.standings: list[PluginStanding] = judge_plugins(found, self.locks, data_dir)

    def require(self, plugin_id: str) -> PluginStanding:
        """The standing of one plugin; raises `KernelError` (``plugin-unknown``)."""
        for standing in self.standings:
            if standing.plugin_id == plugin_id:
                return standing
        unreadable = [b.reason for b in self.broken if plugin_id in b.place.package]
        raise KernelError(
            "plugin-unknown",
            f"plugin {plugin_id} is not installed" + (f": {unreadable[0]}" if unreadable else ""),
            hint="see: kernel plugins list",
            exit_code=ExitCode.USAGE,
        )


@plugins.command(name="list", help="Every plugin found, and whether it may run.")
@data_dir_option
@json_option
def list_(*, data_dir: DataDir, as_json: bool) -> None:
    """Print id, version, verdict, quarantine, origin; exits 0 whatever the verdicts."""
    inventory = _Inventory(data_dir)
    quarantined = _quarantine(data_dir).entries()
    if as_json:
        rows = [
            {
                **standing_facts(standing),
                "quarantined": standing.plugin_id in quarantined,
                "quarantine_causes": _causes(quarantined.get(standing.plugin_id)),
            }
            for standing in inventory.standings
        ]
        document = {
            "plugins": rows,
            "broken": [broken_facts(plugin) for plugin in inventory.broken],
            "lock_digest": inventory.locks.digest,
        }
        click.echo(json.dumps(document, indent=2))
        return
    for standing in inventory.standings:
        manifest = standing.plugin.manifest
        state = "approved" if standing.verdict.is_ok else f"refused ({refusal_codes(standing)})"
        if standing.plugin_id in quarantined:
            state += ", quarantined"
        origin = standing.plugin.place.origin
        click.echo(f"{manifest.id:<20} {manifest.version:<10} {origin:<10} {state}")
        click.echo(f"    {manifest.summary}")
        for code, detail in standing.verdict.refusals:
            click.echo(f"    {code}: {detail}")
        for cause in _causes(quarantined.get(standing.plugin_id)):
            click.echo(f"    {cause}")
    for plugin in inventory.broken:
        click.echo(f"{plugin.place.package:<20} {'-':<10} {plugin.place.origin:<10} unreadable")
        click.echo(f"    {plugin.reason}")
    if not inventory.standings and not inventory.broken:
        click.echo("no plugins are installed")


@plugins.command(help="What the next start of the kernel would make of each plugin.")
@data_dir_option
@json_option
@click.option("--profile", default=None, help="Packaged profile or a path ending in .toml.")
def plan(*, data_dir: DataDir, as_json: bool, profile: str | None) -> None:
    """Print per plugin: verdict, hosting, stages, models, memory, permissions."""
    from kernel.config.settings import load_settings
    from kernel.supervision.approved import make_record
    from kernel.supervision.hosting import choose_hosting, read_rules

    inventory = _Inventory(data_dir)
    quarantine = _quarantine(data_dir, inventory)
    rules = read_rules(load_settings(profile, data_dir, {}).settings.hosts)
    rows: list[dict[str, Any]] = []
    for standing in inventory.standings:
        manifest = standing.plugin.manifest
        record = make_record(standing.plugin)
        held = quarantine.contains(standing.plugin_id)
        rows.append(
            {
                **standing_facts(standing),
                "runs": standing.verdict.is_ok and not held,
                "quarantined": held,
                "hosting": choose_hosting(record, rules),
                "stages": [stage.name for stage in manifest.stages],
                "models": {model.key: model.memory_bytes for model in manifest.models},
            }
        )
    if as_json:
        click.echo(json.dumps({"plugins": rows, "lock_digest": inventory.locks.digest}, indent=2))
        return
    for row in rows:
        why = "quarantined" if row["quarantined"] else ", ".join(r["code"] for r in row["refusals"])
        fate = f"runs as {row['hosting']}" if row["runs"] else f"does not run: {why}"
        click.echo(f"{row['id']} {row['version']}: {fate}")
        click.echo(f"    from    {row['folder']} ({row['origin']})")
        click.echo(f"    stages  {', '.join(row['stages']) or 'none'}")
        for line in permission_lines(row):
            click.echo(f"    {line}")
    click.echo(f"plugin locks {inventory.locks.digest}")


@plugins.command(help="What differs between the plugin as it is and as it was approved.")
@click.argument("plugin_id")
@data_dir_option
@json_option
def diff(*, plugin_id: str, data_dir: DataDir, as_json: bool) -> None:
    """Print the differences and the history of decisions; exits 1 when there are any."""
    from contracts.plugin_lock import diff_plugin, lock_plugin

    inventory = _Inventory(data_dir)
    standing = inventory.require(plugin_id)
    installed = inventory.found[plugin_id]
    lines = diff_plugin(standing.locked, lock_plugin(installed.facts))
    approval = inventory.locks.approvals.plugins.get(plugin_id)
    decisions = approval.history if approval else ()
    if as_json:
        document = {
            **standing_facts(standing),
            "differences": lines,
            "history": [
                {
                    "at": format_time(decision.at_us),
                    "act": decision.act,
                    "version": decision.locked.version,
                    "digest": decision.locked.digest,
                    "kept": copy_folder(data_dir, plugin_id, decision.locked).is_dir(),
                }
                for decision in decisions
            ],
        }
        click.echo(json.dumps(document, indent=2))
    else:
        for line in lines or ["no difference"]:
            click.echo(line)
        if standing.plugin.place.origin == "kept":
            click.echo(f"a kept copy of version {standing.plugin.manifest.version} runs instead")
        for decision in decisions:
            digest = decision.locked.digest[:DIGEST_SHOWN_CHARS]
            version = decision.locked.version
            click.echo(f"{format_time(decision.at_us)} {decision.act} {version} {digest}")
    if lines:
        raise click.exceptions.Exit(int(ExitCode.FAILED))


@plugins.command(help="Approve a plugin exactly as it is now, with what it asks for.")
@click.argument("plugin_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_dir_option
@json_option
def approve(*, plugin_id: str, yes: bool, data_dir: DataDir, as_json: bool) -> None:
    """Show differences and permissions, ask, write the approval and its ledger entry."""
    from contracts.plugin_lock import diff_plugin, lock_plugin
    from kernel.store.clock import wall_clock_us

    inventory = _Inventory(data_dir)
    standing = inventory.require(plugin_id)
    installed = inventory.found[plugin_id]
    locked = lock_plugin(installed.facts)
    lines = diff_plugin(standing.locked, locked)
    if as_json and not yes:
        raise KernelError(
            "confirmation-needed",
            f"approving {plugin_id} grants permissions; --json cannot ask",
            hint="look at it with `kernel plugins diff`, then add --yes",
            exit_code=ExitCode.USAGE,
        )
    if not as_json:
        click.echo(f"{plugin_id} {locked.version} in {installed.place.folder}")
        for line in lines or ["nothing changed since it was approved"]:
            click.echo(f"  {line}")
        click.echo("It asks for:")
        for line in permission_lines(permission_facts(locked)):
            click.echo(f"  {line}")
    if not yes:
        click.confirm(f"Let {plugin_id} run so?", abort=True)
    _record(data_dir, "plugin-approved", plugin_id, locked.version, locked.digest)
    approve_plugin(installed, data_dir, now_us=wall_clock_us())
    _report(as_json, {"approved": plugin_id, "version": locked.version, "digest": locked.digest})


@plugins.command(help="Go back to a state of the plugin that was approved before.")
@click.argument("plugin_id")
@click.option("--to", "digest", metavar="DIGEST", help="Digest, or its beginning; see diff.")
@data_dir_option
@json_option
def rollback(*, plugin_id: str, digest: str | None, data_dir: DataDir, as_json: bool) -> None:
    """Let the kept copy of an earlier state run instead of the installed files."""
    from kernel.store.clock import wall_clock_us

    locked = choose_rollback(plugin_id, data_dir, digest=digest)
    _record(data_dir, "plugin-rolled-back", plugin_id, locked.version, locked.digest)
    rollback_plugin(plugin_id, locked, data_dir, now_us=wall_clock_us())
    _report(as_json, {"rolled_back": plugin_id, "version": locked.version, "digest": locked.digest})


@plugins.command(help="List quarantined plugins; --add ID and --lift ID change the list.")
@click.option("--add", "added", metavar="ID", help="Keep this plugin from running.")
@click.option("--reason", default="put there by hand", show_default=True, help="For --add.")
@click.option("--lift", "lifted", metavar="ID", help="Let this plugin run again.")
@data_dir_option
@json_option
def quarantine(
    *, added: str | None, reason: str, lifted: str | None, data_dir: DataDir, as_json: bool
) -> None:
    """Print id, since when and the causes; a running kernel follows within a second."""
    inventory = _Inventory(data_dir)
    held = _quarantine(data_dir, inventory)
    if added:
        inventory.require(added)
        _record(data_dir, "plugin-quarantined", added, "", "", reason=reason)
        held.add(added, (reason,))
    if lifted:
        if lifted not in held.entries():
            raise KernelError(
                "not-quarantined",
                f"plugin {lifted} is not quarantined",
                hint="see: kernel plugins quarantine",
            )
        _record(data_dir, "plugin-quarantine-lifted", lifted, "", "")
        held.lift(lifted)
    entries = held.entries()
    if as_json:
        rows = [
            {"id": plugin_id, "since": format_time(entry.since_us), "causes": list(entry.causes)}
            for plugin_id, entry in entries.items()
        ]
        click.echo(json.dumps({"quarantined": rows}, indent=2))
        return
    if not entries:
        click.echo("no plugin is quarantined")
    for plugin_id, entry in entries.items():
        click.echo(f"{plugin_id} since {format_time(entry.since_us)}")
        for cause in entry.causes:
            click.echo(f"    {cause}")


def _causes(entry: QuarantinedPlugin | None) -> list[str]:
    """Why a plugin is quarantined, each cause once."""
    return list(dict.fromkeys(entry.causes)) if entry else []


def _quarantine(data_dir: DataDir, inventory: _Inventory | None = None) -> JsonQuarantine:
    from kernel.store.clock import wall_clock_us
    from kernel.supervision.quarantine import JsonQuarantine

    standings = inventory.standings if inventory else []
    digests = {s.plugin_id: s.plugin.facts.digest for s in standings}
    return JsonQuarantine(data_dir.plugin_quarantine, now_us=wall_clock_us, digests=digests)


def _record(
    data_dir: DataDir, act: str, plugin_id: str, version: str, digest: str, **more: str
) -> None:
    """Into the ledger first: an entry whose act then failed is harmless, the reverse is not."""
    from kernel.boot.sinks import open_sink

    detail = {"version": version, "digest": digest, **more}
    with open_sink(data_dir, on_wait=lambda text: click.echo(text, err=True)) as sink:
        sink.record(act, plugin_id, {name: value for name, value in detail.items() if value})


def _report(as_json: bool, facts: dict[str, str]) -> None:  # noqa: FBT001 - passed on by name
    if as_json:
        click.echo(json.dumps(facts, indent=2))
        return
    (act, plugin_id), *_ = facts.items()
    short = facts["digest"][:DIGEST_SHOWN_CHARS]
    click.echo(f"{act.replace('_', ' ')}: {plugin_id} {facts['version']} {short}")
