"""Layers of the configuration: who wins, and what a person is told when a layer is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kernel.config.errors import ExitCode, KernelError
from kernel.config.machine import Machine, is_wsl
from kernel.config.paths import DataDir
from kernel.config.sections import HOSTS_MAX, Settings
from kernel.config.settings import (
    LoadedSettings,
    described_keys,
    environment_name,
    known_keys,
    load_settings,
    profile_names,
)

EIGHT_CORES = Machine(cores=8, memory_bytes=32 << 30, wsl=False)
Load = Callable[..., LoadedSettings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    (tmp_path / "user").mkdir()
    (tmp_path / "data").mkdir()

    def loader(
        profile: str | None = None,
        overrides: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        machine: Machine = EIGHT_CORES,
    ) -> LoadedSettings:
        return load_settings(
            profile,
            DataDir(tmp_path / "data"),
            overrides or {},
            environment=env or {},
            machine=machine,
            user_config_dir=tmp_path / "user",
        )

    return loader


def test_each_layer_wins_over_the_one_before_and_is_named_as_origin(
    load: Load, tmp_path: Path
) -> None:
    key = "activity.idle_after_s"
    profile = tmp_path / "p.toml"
    user, data = tmp_path / "user" / "config.toml", tmp_path / "data" / "config.toml"
    assert (load().settings.activity.idle_after_s, str(load().origins[key])) == (300.0, "default")

    profile.write_text("[activity]\nidle_after_s = 1\n")
    loaded = load(str(profile))
    assert (loaded.settings.activity.idle_after_s, loaded.origins[key].kind) == (1.0, "profile")

    user.write_text("[activity]\nidle_after_s = 2\n")
    loaded = load(str(profile))
    assert (loaded.settings.activity.idle_after_s, loaded.origins[key].place) == (2.0, str(user))

    data.write_text("[activity]\nidle_after_s = 3\n")
    loaded = load(str(profile))
    assert (loaded.settings.activity.idle_after_s, loaded.origins[key].place) == (3.0, str(data))

    env = {"KERNEL_ACTIVITY_IDLE_AFTER_S": "4"}
    loaded = load(str(profile), env=env)
    assert loaded.settings.activity.idle_after_s == 4.0
    assert str(loaded.origins[key]) == "environment KERNEL_ACTIVITY_IDLE_AFTER_S"

    loaded = load(str(profile), env=env, overrides={key: 5.0})
    assert (loaded.settings.activity.idle_after_s, loaded.origins[key].kind) == (5.0, "flag")


@pytest.mark.parametrize(
    ("machine", "hosts"),
    [
        (Machine(cores=1, memory_bytes=1, wsl=False), 1),
        (Machine(cores=2, memory_bytes=1, wsl=False), 2),
        (EIGHT_CORES, 4),
        (Machine(cores=16, memory_bytes=1, wsl=True), 2),
    ],
)
def test_the_host_cap_follows_the_machine(load: Load, machine: Machine, hosts: int) -> None:
    loaded = load(machine=machine)
    assert (loaded.settings.hosts.max_hosts, loaded.origins["hosts.max_hosts"].kind) == (
        hosts,
        "machine",
    )


def test_a_profile_that_extends_another_keeps_what_it_does_not_change(load: Load) -> None:
    loaded = load("mini-soak")
    assert loaded.settings.soak.enabled
    assert str(loaded.origins["soak.enabled"]) == "profile soak24"
    assert loaded.settings.run.duration_s == 3600.0
    assert str(loaded.origins["run.duration_s"]) == "profile mini-soak"


@pytest.mark.parametrize("name", profile_names())
def test_every_packaged_profile_is_valid_and_has_its_own_digest(load: Load, name: str) -> None:
    digests = {load(other).digest for other in profile_names()}
    assert load(name).digest in digests
    assert len(digests) == len(profile_names())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[hosts]\nmax_hosts = 17\n", ["hosts.max_hosts", "less than or equal to 16", "17"]),
        ('[hosts]\nmax_hosts = "4"\n', ["hosts.max_hosts", "a valid integer", "'4'"]),
        ("[hosts]\nmax_host = 4\n", ["hosts.max_host", "hosts.max_hosts"]),
        ("max_hosts = 4\n", ["max_hosts", "a known key"]),
        ("hosts = 3\n", ["hosts", "a known key"]),
        ('[pipeline]\nlanguages = ["english"]\n', ["pipeline.languages", "english"]),
        ("[budget]\ncpu_share_max = nan\n", ["budget.cpu_share_max", "nan"]),
        ("[disk]\nred_free_bytes = 99999999999999\n", ["[disk]", "levels must fall"]),
        ("[restart]\nwindow_s = 0.2\n", ["[restart]", "within window_s"]),
        ("[hosts\n", ["TOML", "line 1"]),
    ],
)
def test_an_error_names_the_file_the_key_what_was_expected_and_got(
    load: Load, tmp_path: Path, text: str, words: list[str]
) -> None:
    path = tmp_path / "data" / "config.toml"
    path.write_text(text)
    with pytest.raises(KernelError) as caught:
        load()
    assert (caught.value.code, caught.value.exit_code) == ("config-invalid", ExitCode.USAGE)
    assert "expected" in caught.value.message
    assert [word for word in [str(path), *words] if word not in caught.value.message] == []


def test_a_refused_word_of_a_list_is_told_once_without_what_follows_from_it(
    load: Load, tmp_path: Path
) -> None:
    path = tmp_path / "data" / "config.toml"
    path.write_text('[pipeline]\nlanguages = ["klingon"]\n[hosts]\nmax_hosts = 17\n')
    with pytest.raises(KernelError) as caught:
        load()
    assert caught.value.message.count("pipeline.languages") == 1
    assert "at least 1 item" not in caught.value.message
    assert "hosts.max_hosts" in caught.value.message
    path.write_text("[pipeline]\nlanguages = []\n")
    with pytest.raises(KernelError, match=r"pipeline\.languages.*at least 1 item"):
        load()


def test_a_wrong_value_is_reported_even_where_a_stronger_layer_hides_it(
    load: Load, tmp_path: Path
) -> None:
    (tmp_path / "data" / "config.toml").write_text("[hosts]\nmax_hosts = 0\n")
    with pytest.raises(KernelError, match=r"config\.toml.*max_hosts"):
        load(overrides={"hosts.max_hosts": 2})


def test_a_misspelt_variable_is_refused_and_strange_variables_pass(load: Load) -> None:
    with pytest.raises(KernelError, match="perhaps KERNEL_HOSTS_MAX_HOSTS"):
        load(env={"KERNEL_HOSTS_MAX_HOST": "2"})
    load(env={"KERNEL_DATA_DIR": "/x", "KERNEL_VERSION": "6.1"})


def test_text_from_the_environment_becomes_the_type_of_the_key(load: Load) -> None:
    env = {
        "KERNEL_PIPELINE_LANGUAGES": "eng, deu",
        "KERNEL_ACTIVITY_ASSUME_IDLE": "true",
        "KERNEL_DISK_SPOOL_DIR": "/mnt/second",
        "KERNEL_HOSTS_MAX_HOSTS": "3",
    }
    settings = load(env=env).settings
    assert settings.pipeline.languages == ("eng", "deu")
    assert settings.activity.assume_idle
    assert settings.disk.spool_dir == Path("/mnt/second")
    assert settings.hosts.max_hosts == 3


@pytest.mark.parametrize("key", ["disk.spool_dir", "intake.inbox_dir", "activity.signal_file"])
def test_a_file_names_a_folder_by_plain_text(load: Load, tmp_path: Path, key: str) -> None:
    section, _, name = key.partition(".")
    (tmp_path / "data" / "config.toml").write_text(f'[{section}]\n{name} = "/mnt/second"\n')
    settings = load().settings
    assert getattr(getattr(settings, section), name) == Path("/mnt/second")


def test_an_unknown_profile_is_answered_with_the_known_ones(load: Load) -> None:
    with pytest.raises(KernelError, match="soak24"):
        load("soak42")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('extends = "nix"', "extends"),
        ('extends = "nix.toml"', "extends"),
        ("extends = 3", "extends"),
        ("description = 3", "description"),
    ],
)
def test_what_is_wrong_in_a_profile_names_the_file_and_the_key(
    load: Load, tmp_path: Path, text: str, key: str
) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text + "\n")
    with pytest.raises(KernelError) as caught:
        load(str(path))
    assert caught.value.message.startswith(f"{path}: {key}: expected")
    assert caught.value.hint == "run: kernel config profiles"


def test_an_unknown_profile_of_the_flag_leads_to_the_list_of_profiles(load: Load) -> None:
    with pytest.raises(KernelError) as caught:
        load("nix")
    assert caught.value.message.startswith("flag --profile: profile: expected one of")
    assert caught.value.hint == "run: kernel config profiles"


def test_profiles_in_a_circle_end_in_an_error(load: Load, tmp_path: Path) -> None:
    circle = tmp_path / "circle.toml"
    circle.write_text(f'extends = "{circle}"\n')
    with pytest.raises(KernelError, match="no circle") as caught:
        load(str(circle))
    assert f"{circle} -> {circle}" in caught.value.message
    assert "`extends`" in (caught.value.hint or "")


def test_a_file_that_is_no_toml_is_to_be_mended_and_keys_are_no_help(
    load: Load, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("[budget\nx")
    with pytest.raises(KernelError, match="line 1") as caught:
        load(str(broken))
    assert "mend the file" in (caught.value.hint or "")


def test_all_that_is_wrong_in_a_file_is_told_at_once(load: Load, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    budget = 'cpu_share_max = "lots"\nram_share_max = 7.0\nfoo = 1\n'
    wrong.write_text(f"colour = 1\n[budget]\n{budget}[nosec]\na = 1\n")
    with pytest.raises(KernelError) as caught:
        load(str(wrong))
    assert caught.value.hint == "run: kernel config keys"
    for key in ("colour", "budget.cpu_share_max", "budget.ram_share_max", "budget.foo", "nosec.a"):
        assert f"{key}: expected" in caught.value.message


def test_ever_more_wrong_keys_are_counted(load: Load, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("".join(f"key{number} = 1\n" for number in range(25)))
    with pytest.raises(KernelError, match="and 5 more"):
        load(str(wrong))


def test_the_settings_cannot_be_changed_after_loading(load: Load) -> None:
    settings = load().settings
    with pytest.raises(ValidationError, match="frozen"):
        settings.hosts.max_hosts = 9  # type: ignore[misc]


def test_the_digest_depends_on_values_alone(load: Load) -> None:
    by_flag = load(overrides={"hosts.max_hosts": 3})
    by_variable = load(env={"KERNEL_HOSTS_MAX_HOSTS": "3"})
    assert by_flag.digest == by_variable.digest
    assert by_flag.digest != load().digest


@given(st.sampled_from(known_keys()), st.text(max_size=12))
def test_any_text_for_any_key_loads_or_is_a_config_error(key: str, text: str) -> None:
    refused: KernelError | None = None
    try:
        load_settings(
            None,
            DataDir(Path("/nowhere")),
            {},
            environment={environment_name(key): text},
            machine=EIGHT_CORES,
            user_config_dir=Path("/nowhere"),
        )
    except KernelError as error:
        refused = error
    if refused is not None:
        assert refused.code == "config-invalid"
        assert environment_name(key) in refused.message


def test_every_key_has_its_own_variable_and_a_description() -> None:
    described = described_keys()
    assert len({entry.variable for entry in described}) == len(described)
    assert [entry.key for entry in described if not entry.description.endswith(".")] == []


def test_wsl_is_seen_in_the_release_or_the_distro_name(tmp_path: Path) -> None:
    release = tmp_path / "osrelease"
    release.write_text("5.15.167.4-microsoft-standard-WSL2\n")
    assert is_wsl(release_file=release, distro_name="")
    release.write_text("6.18.0-generic\n")
    assert not is_wsl(release_file=release, distro_name="")
    assert is_wsl(release_file=release, distro_name="Debian")
    assert not is_wsl(release_file=tmp_path / "missing", distro_name="")


def test_what_the_machine_is_can_be_said_both_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = tmp_path / "osrelease"
    release.write_text("5.15.167.4-microsoft-standard-WSL2\n")
    monkeypatch.setenv("WSL_DISTRO_NAME", "Debian")
    monkeypatch.setenv("KERNEL_PLATFORM", "linux")
    assert not is_wsl(release_file=release)
    monkeypatch.setenv("KERNEL_PLATFORM", "wsl")
    assert is_wsl(release_file=tmp_path / "missing", distro_name="")
    monkeypatch.setenv("KERNEL_PLATFORM", "auto")
    assert is_wsl(release_file=release)
    monkeypatch.setenv("KERNEL_PLATFORM", "windows")
    with pytest.raises(KernelError, match="KERNEL_PLATFORM: expected one of auto, wsl, linux"):
        is_wsl(release_file=release)


def test_the_built_in_defaults_keep_to_the_promises() -> None:
    defaults = Settings()
    assert (defaults.budget.cpu_share_max, defaults.budget.ram_share_max) == (0.5, 0.5)
    assert defaults.activity.idle_after_s == 300.0
    assert defaults.activity.stale_after_s == 10.0
    assert not defaults.activity.assume_idle
    assert defaults.hosts.max_hosts <= HOSTS_MAX


def test_the_reference_page_names_every_key_with_its_default_and_meaning() -> None:
    page = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text(encoding="utf-8")
    missing = []
    for entry in described_keys():
        section, _, key = entry.key.partition(".")
        default = "none" if entry.default is None else f"`{json.dumps(entry.default)}`"
        if entry.key == "hosts.max_hosts":
            default = "from the machine"
        row = f"| `{key}` | {default} | {entry.description} |"
        table = page.partition(f"### `[{section}]`")[2].partition("\n### ")[0]
        if row not in table:
            missing.append(row)
    assert missing == []
