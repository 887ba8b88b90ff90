"""A manifest is read as data, and what is wrong in it is named by file and key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.bounded import ContractError
from contracts.manifest import (
    HOOKS,
    MANIFEST_BYTES_MAX,
    PluginManifest,
    find_misfits,
    parse_manifest,
)
from plugin_host.hooks import StageHooks

GOOD = """
manifest_version = 1
id = "reader"
version = "1.2.3"
summary = "Reads."
kernel_api = ">=1,<2"
hooks = ["autocapture_setup", "autocapture_run"]
memory_bytes_max = 1_000_000_000

[contracts]
pixel_blob = ">=1,<2"
text_page = ">=1,<2"

[[models]]
key = "small"
memory_bytes = 200_000_000

[[stages]]
name = "text"
inputs = ["pixel_blob"]
output = "text_page"
model = "small"
config = { languages = ["eng"], threads = 1 }

[permissions]
programs = ["tesseract"]

[dependencies]
pytesseract = ">=0.3.13"
"""


def parse(text: str) -> PluginManifest:
    return parse_manifest(text.encode(), "reader/plugin.toml")


def reason(text: str) -> str:
    with pytest.raises(ContractError) as caught:
        parse(text)
    assert caught.value.code == "manifest-invalid"
    return caught.value.reason


def test_a_good_manifest_is_read_whole() -> None:
    manifest = parse(GOOD)
    assert manifest.id == "reader"
    assert manifest.stages[0].config == {"languages": ("eng",), "threads": 1}
    assert manifest.permissions.network == "none"
    assert manifest.hosting == "any"
    assert manifest.entry == "plugin"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "reader"', "", "id: Object missing required field `id`"),
        ('id = "reader"', 'id = "Reader"', "id: Expected `str` matching regex"),
        ('version = "1.2.3"', 'version = "1.2"', "version: Expected `str` matching regex"),
        ('output = "text_page"', "output = 3", "stages[0].output: Expected `str`, got `int`"),
        ('name = "text"', "", "stages[0].name: Object missing required field `name`"),
        ('kernel_api = ">=1,<2"', 'kernel_api = "new"', "kernel_api: 'new' is not a comparison"),
        ('text_page = ">=1,<2"', 'text_page = ""', "contracts"),
        ('text_page = ">=1,<2"', "", "stages[0]: text_page has no version range"),
        ('model = "small"', 'model = "big"', "stages[0].model: no model 'big'"),
        ('"autocapture_run"]', '"autocapture_runs"]', "hooks: autocapture_runs: no such hook"),
        ('["autocapture_setup", "autocapture_run"]', '["autocapture_setup"]', "hooks: a plugin"),
        ('programs = ["tesseract"]', 'programs = ["/bin/sh"]', "permissions.programs[0]"),
        ('programs = ["tesseract"]', 'network = "internet"', "permissions.network: Invalid enum"),
        ('programs = ["tesseract"]', 'read_paths = ["etc"]', "permissions.read_paths[0]"),
        ('programs = ["tesseract"]', 'nettwork = "none"', "permissions.nettwork: Object contains"),
        ('pytesseract = ">=0.3.13"', 'pytesseract = "any"', "dependencies.pytesseract: 'any'"),
        ("memory_bytes = 200_000_000", "memory_bytes = 1", "models[0].memory_bytes"),
        ("manifest_version = 1", "manifest_version = 2", "manifest_version: 2 is newer than"),
        ('id = "reader"', 'id = "reader', "Illegal"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_key(old: str, new: str, said: str) -> None:
    assert old in GOOD
    message = reason(GOOD.replace(old, new))
    assert message.startswith("reader/plugin.toml: ")
    assert said in message


def test_a_network_plugin_never_runs_inside_the_kernel() -> None:
    text = GOOD.replace("[permissions]", '[permissions]\nnetwork = "loopback"')
    parse(text)
    inside = text.replace("memory_bytes_max", 'hosting = "in_process"\nmemory_bytes_max')
    assert "hosting: a plugin with network permission" in reason(inside)


def test_a_stage_declared_twice_is_refused() -> None:
    stage = '[[stages]]\nname = "text"\ninputs = ["pixel_blob"]\noutput = "text_page"\n'
    assert "stages: 'text' is declared 2 times" in reason(GOOD + stage)


def test_a_number_too_long_to_be_read_is_refused() -> None:
    data = b"manifest_version = 1\nmemory_bytes_max = " + b"9" * 5000
    with pytest.raises(ContractError, match="manifest-invalid"):
        parse_manifest(data, "x/plugin.toml")


@pytest.mark.parametrize("data", [b"\xff", b"x" * (MANIFEST_BYTES_MAX + 1), b"a = " + b"[" * 9999])
def test_bytes_that_are_no_manifest_are_refused(data: bytes) -> None:
    with pytest.raises(ContractError, match="manifest-invalid"):
        parse_manifest(data, "x/plugin.toml")


@given(data=st.binary(max_size=200))
def test_any_bytes_at_all_end_in_the_defined_error(data: bytes) -> None:
    with pytest.raises(ContractError, match="manifest-invalid"):
        parse_manifest(data, "x/plugin.toml")


def test_a_manifest_fits_a_kernel_of_its_range() -> None:
    newest = {"pixel_blob": 1, "text_page": 1}
    assert find_misfits(parse(GOOD), newest, "1.4.0") == []
    assert find_misfits(parse(GOOD), newest, "2.0.0") == [
        "kernel_api: the plugin wants >=1,<2, this kernel has 2.0.0"
    ]
    assert find_misfits(parse(GOOD), {"pixel_blob": 2}, "1.0.0") == [
        "contracts.pixel_blob: the plugin wants version >=1,<2, this kernel has 2",
        "contracts.text_page: this kernel knows no such contract",
    ]


def test_the_hooks_that_a_manifest_may_name_are_those_that_exist() -> None:
    specified = {name for name in vars(StageHooks) if name.startswith("autocapture_")}
    assert specified == HOOKS
