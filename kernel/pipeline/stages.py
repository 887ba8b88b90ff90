"""The stages in force: which plugin does what, under which settings.

Covers: the declared list and the keys of its work. Does not cover: running it
(`dispatcher`), choosing plugins (`kernel.boot`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts import canonical
from contracts.derivation import DerivationKey
from kernel.supervision.runner import PluginRecord


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: its plugin and its settings as canonical JSON."""

    name: str
    plugin: PluginRecord
    config: str

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


def make_stage(name: str, plugin: PluginRecord, settings: Mapping[str, Any]) -> Stage:
    """A stage with its settings written canonically (sorted keys, no blanks)."""
    config = json.dumps(settings, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Stage(name=name, plugin=plugin, config=config)
