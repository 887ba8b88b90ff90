"""The sandbox policy as it travels from the kernel to a host."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.launch import (
    LAUNCH_DOCUMENT_BYTES_MAX,
    LAYERS,
    LEVELS,
    ProgramGrant,
    SandboxPolicy,
    encode_document,
)

LEAST = {"scratch_dir": "/s", "ipc_dir": "/i", "kernel_pid": 1}
paths = st.lists(st.text(min_size=1), max_size=4).map(tuple)
policies = st.builds(
    SandboxPolicy,
    scratch_dir=st.text(),
    ipc_dir=st.text(),
    kernel_pid=st.integers(1, 2**22),
    read_only_paths=paths,
    programs=st.lists(st.builds(ProgramGrant, path=st.text(), read_only_paths=paths)).map(tuple),
    affinity=st.lists(st.integers(0, 255)).map(tuple),
    network=st.sampled_from(["none", "loopback"]),
    level_required=st.sampled_from(LEVELS),
    layers_off=st.lists(st.sampled_from(LAYERS)).map(tuple),
)


@given(policies)
def test_a_policy_survives_json(policy: SandboxPolicy) -> None:
    assert SandboxPolicy.from_dict(json.loads(json.dumps(policy.to_dict()))) == policy


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ({"new": 1}, "unknown sandbox policy fields"),
        ({"layers_off": ["wall"]}, "unknown sandbox layers"),
        ({"network": "internet"}, "network 'internet'"),
        ({"level_required": "F"}, "unknown sandbox level"),
    ],
)
def test_a_policy_that_is_not_understood_is_refused(odd: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SandboxPolicy.from_dict(LEAST | odd)


def test_a_policy_without_its_paths_is_refused() -> None:
    with pytest.raises(TypeError):
        SandboxPolicy.from_dict({"scratch_dir": "/s"})


def test_a_document_fits_into_a_pipe_or_is_refused() -> None:
    assert json.loads(encode_document({"a": "ü"})) == {"a": "ü"}
    with pytest.raises(ValueError, match="limit 60000"):
        encode_document({"a": "x" * LAUNCH_DOCUMENT_BYTES_MAX})
