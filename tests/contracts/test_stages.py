"""The graph of stages holds together."""

from __future__ import annotations

import pytest

from contracts.registry import REGISTRY
from contracts.stages import ASIDE, GRAPH, PREVIOUS, PRODUCERS, SHAPES, find_mismatch, roles_of


def test_every_kind_of_the_graph_is_a_contract() -> None:
    for shape in (*GRAPH, *ASIDE):
        assert {*shape.inputs, *shape.previous, shape.output} <= REGISTRY.newest.keys()


def test_a_stage_takes_results_of_earlier_stages_alone() -> None:
    done: set[str] = set()
    for shape in GRAPH:
        for kind in shape.inputs:
            assert PRODUCERS.get(kind, "") in {"", *done}, (shape.name, kind)
        assert all(PRODUCERS.get(kind, "") in {"", *done, shape.name} for kind in shape.previous)
        done.add(shape.name)
    assert set(SHAPES) >= done


@pytest.mark.parametrize(
    ("name", "inputs", "previous", "output", "part"),
    [
        ("state", ("capture_event", "text_page"), ("screen_state",), "screen_state", ""),
        ("text", ("pixel_blob",), (), "text_page", ""),
        ("text", ("pixel_blob",), (), "delta", "gives text_page"),
        ("text", ("pixel_blob",), ("text_page",), "text_page", "of the frame before text_page"),
        ("state", ("delta",), (), "screen_state", "cannot have delta"),
        ("dream", ("pixel_blob",), (), "text_page", "there is no stage dream"),
    ],
)
def test_a_declaration_that_does_not_fit_is_told(
    name: str, inputs: tuple[str, ...], previous: tuple[str, ...], output: str, part: str
) -> None:
    found = find_mismatch(name, inputs, previous, output)
    assert part in found
    assert bool(found) is bool(part)


def test_roles_tell_the_frame_from_the_one_before() -> None:
    assert roles_of(("a", "b"), ("a",)) == ("a", "b", PREVIOUS + "a")
