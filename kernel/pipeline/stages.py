"""The stages in force: which plugin does what, from which inputs, under which settings.

Covers: the declared list and the keys of its work. Does not cover: running it
(`dispatcher`), choosing plugins (`kernel.boot`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts import canonical
from contracts.derivation import DerivationKey
from contracts.stages import PREVIOUS, SHAPES, Unit, roles_of
from kernel.store.backlog import TaskInput
from kernel.supervision.runner import PluginRecord


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: its plugin, what the plugin takes, and its settings as canonical JSON."""

    name: str
    plugin: PluginRecord
    config: str
    inputs: tuple[str, ...] = ()
    previous: tuple[str, ...] = ()

    @property
    def unit(self) -> Unit:
        """What one task of it is about."""
        return SHAPES[self.name].unit

    @property
    def output(self) -> str:
        """Kind of its results."""
        return SHAPES[self.name].output

    @property
    def is_sequential(self) -> bool:
        """Whether its frames are done one after the other on each stream."""
        return bool(self.previous)

    @property
    def model_key(self) -> str:
        """What a host of this stage keeps warm; a plugin without a model is its own."""
        return self.plugin.model_key or self.plugin.plugin_id

    @property
    def config_digest(self) -> str:
        """Digest of the settings: other settings are other work."""
        return canonical.digest_bytes(self.config.encode())

    def key(self, input_digest: str) -> DerivationKey:
        """The identity of this stage's work on one input."""
        return DerivationKey(
            input_digest=input_digest,
            stage=self.name,
            plugin_id=self.plugin.plugin_id,
            plugin_version=self.plugin.version,
            config_digest=self.config_digest,
        )


def make_stage(
    name: str,
    plugin: PluginRecord,
    settings: Mapping[str, Any],
    *,
    inputs: tuple[str, ...] = ("pixel_blob",),
    previous: tuple[str, ...] = (),
) -> Stage:
    """A stage with its settings written canonically (sorted keys, no blanks)."""
    config = json.dumps(settings, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Stage(name=name, plugin=plugin, config=config, inputs=inputs, previous=previous)


def digest_inputs(inputs: Sequence[TaskInput]) -> str:
    """One digest for everything that goes into a task: each input's role and digest, in order."""
    return canonical.digest_bytes(
        canonical.encode_any([[given.role, given.digest] for given in inputs])
    )


def kind_of(role: str) -> str:
    """The kind of the record that fills a role."""
    return role.removeprefix(PREVIOUS)


def describe(stage: Stage) -> tuple[str, str, str, str, str]:
    """The stage as the derived store keeps it: name, plugin, version, settings, inputs."""
    plugin = stage.plugin
    roles = " ".join(roles_of(stage.inputs, stage.previous))
    return (stage.name, plugin.plugin_id, plugin.version, stage.config_digest, roles)
