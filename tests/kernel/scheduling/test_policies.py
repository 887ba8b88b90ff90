"""Settings reach the constants they are meant for."""

from __future__ import annotations

from kernel.config.machine import Machine
from kernel.config.sections import Settings
from kernel.scheduling.governor import GovernorPolicy
from kernel.scheduling.policies import cpu_policy, governor_policy, ram_policy, schedule_policy
from kernel.scheduling.schedule import Policy

MACHINE = Machine(cores=8, memory_bytes=32 << 30, wsl=False)


def test_the_defaults_of_the_settings_are_the_constants_that_were_measured() -> None:
    assert schedule_policy(Settings()) == Policy()
    assert governor_policy(Settings()) == GovernorPolicy()


def test_shares_become_limits_of_this_machine() -> None:
    settings = Settings.model_validate({"budget": {"cpu_share_max": 0.25, "ram_share_max": 0.5}})
    assert cpu_policy(settings, MACHINE).rate_cores < 2.0
    assert ram_policy(settings, MACHINE).limit_bytes == 16 << 30
