from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools.pipeline_manifest import (
    Auto,
    Frame,
    ManifestError,
    draw_queries,
    read_manifest,
    read_truth,
)


def write(folder: Path, document: Any, *, frames: tuple[str, ...] = ("a.png", "b.png")) -> Path:  # noqa: ANN401 - anything
    for name in frames:
        (folder / name).write_bytes(b"pixels")
    path = folder / "manifest.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def test_frames_are_the_images_beside_the_manifest_unless_they_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, {"auto": {"count": 3}})
    assert [frame.name for frame in read_manifest(path).frames] == ["a", "b"]
    path = write(tmp_path, {"frames": ["b.png"], "auto": {}})
    assert [frame.path for frame in read_manifest(path).frames] == [tmp_path / "b.png"]


def test_the_form_of_the_question_files_is_understood(tmp_path: Path) -> None:
    questions = [
        {"id": "q1", "page": "a", "question": "What?", "answer_contains": ["x"], "evidence": ["y"]},
        {"id": "q2", "page": None, "question": "Nothing?"},
        {"id": "q3", "page": ["a", "b"], "question": "Both?", "answer_contains": ["z"]},
    ]
    read = read_manifest(write(tmp_path, {"about": "x", "questions": questions})).queries
    assert [query.frame for query in read] == [("a",), (), ("a", "b")]
    assert [query.expect_none for query in read] == [False, True, False]


def test_truth_is_the_json_file_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        json.dumps({"words": [{"text": "hello", "box": [1, 2, 3.5, 4]}]})
    )
    frames = read_manifest(write(tmp_path, {"auto": {}})).frames
    assert read_truth(frames[0]) == [("hello", (1.0, 2.0, 3.5, 4.0))]
    assert read_truth(frames[1]) == []


def test_truth_that_is_none_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"words": [{"text": "x"}]}')
    with pytest.raises(ManifestError, match="no ground truth"):
        read_truth(Frame(path=tmp_path / "a.png", truth=path))


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("{", "line 1"),
        ({"auto": {}, "frame": []}, "frame: there is no such key"),
        ({"frames": ["c.png"], "auto": {}}, "not there: .*c.png"),
        ({"frames": ["a.png"]}, "asks nothing"),
        ({"queries": [{"question": "Why?"}]}, "expects nothing"),
        ({"queries": [{"question": "Why?", "page": None, "evidence": ["x"]}]}, "expects no answer"),
        ({"queries": [{"question": "Why?", "page": "z", "evidence": ["x"]}]}, "unknown frames: z"),
        ({"frames": ["a.png", "sub/a.png"], "auto": {}}, "two frames of one name: a"),
        ({"auto": {"count": 0}}, "auto count: is too small"),
    ],
)
def test_what_is_wrong_with_a_manifest_is_said(tmp_path: Path, document: Any, why: str) -> None:  # noqa: ANN401 - anything
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.png").write_bytes(b"pixels")
    with pytest.raises(ManifestError, match=why):
        read_manifest(write(tmp_path, document))


def test_a_folder_without_images_is_told(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no frames"):
        read_manifest(write(tmp_path, {"auto": {}}, frames=()))


def test_a_video_is_a_frame_of_its_own_kind(tmp_path: Path) -> None:
    (tmp_path / "day.mp4").write_bytes(b"film")
    manifest = read_manifest(write(tmp_path, {"video": "day.mp4", "auto": {}}))
    assert [(frame.name, frame.video) for frame in manifest.frames] == [("day", True)]


def test_drawn_words_are_the_same_for_a_seed_and_name_all_their_frames() -> None:
    words = {"b": ["hello", "tiny", "other-word", 'quo"ted!'], "a": ["hello", "single"]}
    drawn = draw_queries(Auto(count=10, seed=4), words)
    assert drawn == draw_queries(Auto(count=10, seed=4), words)
    assert {query.question for query in drawn} == {'"hello"', '"other-word"', '"single"'}
    assert next(q for q in drawn if q.evidence == ("hello",)).frame == ("a", "b")
    assert len(draw_queries(Auto(count=2, seed=4), words)) == 2
    many = {"a": [f"word{number}" for number in range(100)]}
    assert draw_queries(Auto(count=9, seed=1), many) != draw_queries(Auto(count=9, seed=2), many)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"querys": []}, "querys: there is no such key"),
        ({"queries": [{"id": "q1"}]}, "queries, entry 1 question: must be given"),
        ({"queries": "what?"}, "queries: must be a list"),
        ({"frames": ["a.png", {}], "auto": {}}, "frames, entry 2 path: must be given"),
        ({"queries": [{"question": "What?"}]}, "expects nothing: give answer_contains"),
        ("{", "it is no JSON: line 1"),
        ("[]", "the document: "),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(tmp_path: Path, document: Any, said: str) -> None:  # noqa: ANN401
    with pytest.raises(ManifestError) as caught:
        read_manifest(write(tmp_path, document))
    assert said in str(caught.value)
    assert "Input should" not in str(caught.value)


def test_a_manifest_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="there is no such file"):
        read_manifest(tmp_path / "none.json")
