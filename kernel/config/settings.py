"""The configuration in effect: layers merged, validated one by one, with the origin of each value.

Precedence, weakest first: built-in defaults, defaults from the machine, profile (its base
first), the person's config file, the data dir's config file, environment, flags.
Covers: reading and merging. Does not cover: the keys themselves (`kernel.config.sections`).
"""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal, NoReturn

import platformdirs
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from contracts.canonical import digest_bytes
from kernel.config.errors import ExitCode, KernelError
from kernel.config.machine import Machine, read_machine
from kernel.config.paths import DataDir
from kernel.config.sections import HOSTS_MAX, Settings
from kernel.config.smallfile import read_small_file

CONFIG_FILE_NAME = "config.toml"
ENV_PREFIX = "KERNEL_"
PROFILE_DEFAULT = "default"
_EXTENDS_DEPTH_MAX = 4
_FILE_BYTES_MAX = 1 << 20
_PROFILE_WORDS = ("description", "extends")
_FLAG = ("flag --profile", "profile")
_KEYS_HINT = "run: kernel config keys"
_PROFILES_HINT = "run: kernel config profiles"
_FILE_HINT = "mend the file at the place that is named, or move it away"
_SHOWN_MAX = 20
"""So many wrong keys of one source are told at once."""

OriginKind = Literal["default", "machine", "profile", "file", "environment", "flag"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Which layer set a value; ``place`` is a file, a variable or a flag, as a person names it."""

    kind: OriginKind
    place: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.place}".rstrip()


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings in effect, the origin of each key, and the digest that a run is recorded with."""

    settings: Settings
    origins: Mapping[str, Origin]
    digest: str
    profile: str

    def canonical(self) -> bytes:
        """The whole configuration as the bytes whose digest is `digest`."""
        return _canonical(self.settings)

    def values(self) -> dict[str, Any]:
        """Key -> value in plain JSON types, sorted by key."""
        return dict(sorted(_flatten(self.settings.model_dump(mode="json"))))


@dataclass(frozen=True, slots=True)
class _Layer:
    """One source: dotted key -> (value, origin). ``strict``: no text stands for a number."""

    kind: OriginKind
    place: str
    strict: bool
    values: Mapping[str, Any]
    places: Mapping[str, str] = field(default_factory=dict)

    def origin(self, key: str) -> Origin:
        return Origin(self.kind, self.places.get(key, self.place))


def load_settings(
    profile: str | None,
    data_dir: DataDir,
    overrides: Mapping[str, Any],
    *,
    environment: Mapping[str, str] | None = None,
    machine: Machine | None = None,
    user_config_dir: Path | None = None,
) -> LoadedSettings:
    """Merge all layers into one validated configuration.

    ``profile`` is a packaged name or a path ending in ``.toml``; none means ``default``.
    ``overrides`` are flags as dotted keys (``hosts.max_hosts``); text is parsed like an
    environment variable. The keyword arguments stand for the process's own in tests.
    Raises `KernelError` ``config-invalid`` that names place, key, what was expected and got.
    """
    env = os.environ if environment is None else environment
    user_dir = user_config_dir or Path(platformdirs.user_config_dir("autocapture", appauthor=False))
    chosen = profile or PROFILE_DEFAULT
    layers = [
        _machine_layer(machine or read_machine()),
        *_profile_layers(chosen),
        _file_layer(user_dir / CONFIG_FILE_NAME),
        _file_layer(data_dir.root / CONFIG_FILE_NAME),
        _environment_layer(env),
        _Layer("flag", "", strict=False, values=dict(overrides)),
    ]
    return _merge(layers, profile=chosen)


def profile_names() -> tuple[str, ...]:
    """The packaged profiles, sorted."""
    folder = resources.files("kernel.config") / "profiles"
    return tuple(
        sorted(
            entry.name.removesuffix(".toml")
            for entry in folder.iterdir()
            if entry.name.endswith(".toml")
        )
    )


def profile_description(name: str) -> str:
    """The one line that a packaged profile says of itself."""
    table, _place = _read_profile(name)
    return str(table.get("description", ""))


def default_max_hosts(machine: Machine) -> int:
    """Two under WSL, where memory is lent by Windows; else one per core up to four."""
    return 2 if machine.wsl else max(1, min(4, machine.cores, HOSTS_MAX))


def environment_name(key: str) -> str:
    """The variable that sets a key: ``hosts.max_hosts`` -> ``KERNEL_HOSTS_MAX_HOSTS``."""
    return ENV_PREFIX + key.replace(".", "_").upper()


@dataclass(frozen=True, slots=True)
class DescribedKey:
    """One key as `kernel config keys` and docs/configuration.md show it."""

    key: str
    variable: str
    default: Any
    description: str

    def as_json(self) -> dict[str, Any]:
        """The same in plain JSON types."""
        return {
            "key": self.key,
            "variable": self.variable,
            "default": self.default,
            "description": self.description,
        }


def described_keys() -> tuple[DescribedKey, ...]:
    """Every key with its variable, built-in default and meaning, in order of declaration."""
    defaults = dict(_flatten(_DEFAULTS.model_dump(mode="json")))
    described = []
    for key in known_keys():
        section, _, name = key.partition(".")
        info = type(getattr(_DEFAULTS, section)).model_fields[name]
        described.append(
            DescribedKey(key, environment_name(key), defaults[key], info.description or "")
        )
    return tuple(described)


def known_keys() -> tuple[str, ...]:
    """All dotted keys, in the order of their declaration."""
    return tuple(
        f"{section}.{key}"
        for section in Settings.model_fields
        for key in type(getattr(_DEFAULTS, section)).model_fields
    )


_DEFAULTS = Settings()


def _machine_layer(machine: Machine) -> _Layer:
    place = f"{machine.cores} cores{', WSL' if machine.wsl else ''}"
    values = {"hosts.max_hosts": default_max_hosts(machine)}
    return _Layer("machine", place, strict=True, values=values)


def _profile_layers(name: str) -> list[_Layer]:
    """The profile's layers, its base first."""
    layers: list[_Layer] = []
    following: str | None = name
    named_by = _FLAG
    chained: list[str] = []
    while following is not None:
        if len(layers) == _EXTENDS_DEPTH_MAX:
            chain = " -> ".join(chained)
            hint = "take `extends` out of one of these profiles"
            _refuse(f"profile {name}", "extends", "a short chain, no circle", chain, hint=hint)
        chained.append(following)
        table, place = _read_profile(following, named_by)
        values = {k: v for k, v in table.items() if k not in _PROFILE_WORDS}
        layers.insert(0, _Layer("profile", place, strict=True, values=dict(_flatten(values))))
        for word in _PROFILE_WORDS:
            if not isinstance(table.get(word, ""), str):
                _refuse(place, word, "text", table[word], hint=_PROFILES_HINT)
        following = table.get("extends")
        named_by = (place if place.endswith(".toml") else f"profile {place}", "extends")
    return layers


def _read_profile(name: str, named_by: tuple[str, str] = _FLAG) -> tuple[dict[str, Any], str]:
    """``named_by``: the place and the key that a person would have to mend."""
    if name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            _refuse(*named_by, "a readable TOML file", f"no file {name}", hint=_PROFILES_HINT)
        return _parse_toml(_read_text(path), name), name
    if name not in profile_names():
        expected = "one of " + ", ".join(profile_names()) + " or a path ending in .toml"
        _refuse(*named_by, expected, name, hint=_PROFILES_HINT)
    text = (resources.files("kernel.config") / "profiles" / f"{name}.toml").read_text("utf-8")
    return _parse_toml(text, f"profile {name}"), name


def _file_layer(path: Path) -> _Layer:
    place = str(path)
    table = _parse_toml(_read_text(path), place) if path.exists() else {}
    return _Layer("file", place, strict=True, values=dict(_flatten(table)))


def _read_text(path: Path) -> str:
    try:
        return read_small_file(path, _FILE_BYTES_MAX).decode()
    except (OSError, ValueError) as error:
        _refuse(str(path), "(file)", "a readable UTF-8 file", str(error), hint=_FILE_HINT)


def _parse_toml(text: str, place: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        _refuse(place, "(file)", "TOML", str(error), hint=_FILE_HINT)


def _environment_layer(environment: Mapping[str, str]) -> _Layer:
    by_name = {environment_name(key): key for key in known_keys()}
    section_prefixes = tuple(f"{ENV_PREFIX}{section.upper()}_" for section in Settings.model_fields)
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    strangers = []
    for name in sorted(environment):
        key = by_name.get(name)
        if key is not None:
            values[key] = environment[name]
            places[key] = name
        elif name.startswith(section_prefixes):
            # A misspelt setting must not be ignored; KERNEL_DATA_DIR and strangers pass.
            strangers.append(_unknown("environment", name, tuple(by_name)))
    if strangers:
        _refuse_all(strangers)
    return _Layer("environment", "", strict=False, values=values, places=places)


def _flatten(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if not isinstance(value, Mapping):
            yield name, value
            continue
        for key, inner in value.items():
            yield f"{name}.{key}", tuple(inner) if isinstance(inner, list) else inner


def _merge(layers: list[_Layer], *, profile: str) -> LoadedSettings:
    known = known_keys()
    origins = dict.fromkeys(known, Origin("default"))
    settings = _DEFAULTS
    for layer in layers:
        # Layer by layer, so that a wrong value is reported even where a stronger layer hides it.
        settings = _apply(settings, layer)
        origins.update({key: layer.origin(key) for key in layer.values})
    return LoadedSettings(settings, origins, digest_bytes(_canonical(settings)), profile)


def _canonical(settings: Settings) -> bytes:
    dumped = settings.model_dump(mode="json")
    return json.dumps(dumped, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _apply(settings: Settings, layer: _Layer) -> Settings:
    """With the layer's values; refuses all of them that are wrong together."""
    known = known_keys()
    wrong = [
        _unknown(str(layer.origin(key)), key, known) for key in layer.values if key not in known
    ]
    table: dict[str, dict[str, Any]] = settings.model_dump()
    for key, value in layer.values.items():
        if key not in known:
            continue
        section, _, name = key.partition(".")
        table[section][name] = value if layer.strict else _parse_word(key, value)
    try:
        settings = Settings.model_validate(table, strict=layer.strict)
    except ValidationError as error:
        wrong += [_wrong_of_pydantic(detail, layer) for detail in _causes(error.errors())]
    if wrong:
        _refuse_all(wrong)
    return settings


def _causes(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """The errors without those that only follow: a list is too short when its words are refused."""
    deep = [detail["loc"] for detail in details]
    return [d for d in details if not any(d["loc"] == at[: len(d["loc"])] != at for at in deep)]


def _parse_word(key: str, value: Any) -> Any:  # noqa: ANN401 - any TOML value
    """Text from the environment or a flag: commas make a list where the key holds one."""
    section, _, name = key.partition(".")
    is_list = isinstance(getattr(getattr(_DEFAULTS, section), name), tuple)
    if is_list and isinstance(value, str):
        return tuple(word.strip() for word in value.split(",") if word.strip())
    return value


def _wrong_of_pydantic(detail: ErrorDetails, layer: _Layer) -> str:
    key = ".".join(str(part) for part in detail["loc"][:2])
    expected = detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    if key in layer.values:
        return _wrong(str(layer.origin(key)), key, expected, layer.values[key])
    mine = {k: v for k, v in layer.values.items() if k.startswith(f"{key}.")} or detail["input"]
    place = next((str(layer.origin(k)) for k in layer.values if k.startswith(key)), layer.place)
    return _wrong(place, f"[{key}]", expected, mine)


def _unknown(place: str, key: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    expected = f"a known key (perhaps {near[0]})" if near else "a known key"
    return _wrong(place, key, expected, key)


def _wrong(place: str, key: str, expected: str, got: object) -> str:
    return f"{place}: {key}: expected {expected}, got {got!r}"


def _refuse(place: str, key: str, expected: str, got: object, *, hint: str) -> NoReturn:
    _refuse_all([_wrong(place, key, expected, got)], hint=hint)


def _refuse_all(wrong: list[str], *, hint: str = _KEYS_HINT) -> NoReturn:
    left = len(wrong) - _SHOWN_MAX
    told = "; ".join(wrong[:_SHOWN_MAX]) + (f"; and {left} more" if left > 0 else "")
    raise KernelError("config-invalid", told, hint=hint, exit_code=ExitCode.USAGE)
