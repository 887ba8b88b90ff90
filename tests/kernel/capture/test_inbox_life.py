"""Any course of drops, growth, crashes and polls: nothing is lost, nothing is stored twice."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kernel.capture.keeping import REASON_SUFFIX
from tests.kernel.capture.inbox_rig import InboxRig, make_png

stems = st.sampled_from("abc")
shades = st.integers(0, 5)


class InboxLife(RuleBasedStateMachine):
    """The rig beside a plain model: which bytes were dropped, and which were whole."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.rig = InboxRig(self.root)
        self.dropped: list[bytes] = []
        self.drops = 0

    def teardown(self) -> None:
        self.rig.store.close()
        shutil.rmtree(self.root)

    def write(self, name: str, data: bytes) -> None:
        """A drop as a capture program makes it: it does not write over what waits."""
        self.rig.clock.step(0.01)
        if name in self.rig.in_folder():
            return
        self.dropped.append(data)
        self.rig.drop(name, data, age_s=0)

    def unique_png(self, shade: int) -> bytes:
        # Bytes behind the end mark are let be, and make every drop one of its own.
        self.drops += 1
        return make_png(shade) + str(self.drops).encode()

    @rule(stem=stems, shade=shades)
    def drop_image(self, stem: str, shade: int) -> None:
        self.write(f"{stem}.png", self.unique_png(shade))

    @rule(stem=stems, shade=shades)
    def drop_other_format_of_the_same_stem(self, stem: str, shade: int) -> None:
        self.write(f"{stem}.jpg", self.unique_png(shade))

    @rule(stem=stems, sidecar=st.sampled_from([b"{}", b'{"app": "mail"}', b'{"app', b"[]"]))
    def drop_sidecar(self, stem: str, sidecar: bytes) -> None:
        self.drops += 1
        self.write(f"{stem}.json", sidecar + b" " * self.drops)

    @rule(stem=stems, junk=st.sampled_from([b"", b"text", make_png()[:-1]]))
    def drop_junk(self, stem: str, junk: bytes) -> None:
        self.write(f"{stem}.png", junk)

    @rule(stem=stems, shade=shades)
    def finish_what_is_half_written(self, stem: str, shade: int) -> None:
        path = self.rig.folder / f"{stem}.png"
        if path.exists() and path.read_bytes() in (b"", make_png()[:-1]):
            self.dropped.remove(path.read_bytes())
            data = self.unique_png(shade)
            self.dropped.append(data)
            self.rig.clock.step(0.01)
            self.rig.drop(path.name, data, age_s=0)

    @rule(seconds=st.sampled_from([0.1, 1.0, 2.0, 5.0, 11.0]))
    def wait_and_poll(self, seconds: float) -> None:
        self.rig.clock.step(seconds)
        self.rig.poll()

    @rule()
    def crash(self) -> None:
        self.rig.start()

    @rule()
    def crash_before_the_move(self) -> None:
        done = self.rig.folder / "done"
        hidden = self.rig.folder / ".done"
        if done.exists():
            done.rename(hidden)
        done.symlink_to("nowhere")
        self.rig.poll()
        done.rename(self.root / f"link{self.rig.clock.now_us}")
        if hidden.exists():
            hidden.rename(done)
        self.rig.start()
        self.rig.clock.step(0.01)

    @rule(takes=st.booleans())
    def fill_or_free_the_disk(self, *, takes: bool) -> None:
        self.rig.sink.takes = takes

    @invariant()
    def nothing_is_lost(self) -> None:
        places = [self.rig.folder, self.rig.data_dir.quarantine_dir]
        there = [
            path.read_bytes()
            for place in places
            for path in place.rglob("*")
            if path.is_file() and not path.name.endswith(REASON_SUFFIX)
        ]
        assert sorted(there) == sorted(self.dropped)

    @invariant()
    def what_is_done_is_stored_and_nothing_is_stored_twice(self) -> None:
        stored = [self.rig.store.read_blob(event.blob) for event in self.rig.events()]
        assert len(stored) == len(set(stored))
        for path in (self.rig.folder / "done").rglob("*"):
            if path.is_file() and path.suffix != ".json":
                assert path.read_bytes() in stored

    @invariant()
    def what_is_in_quarantine_is_explained_and_ledgered(self) -> None:
        kept = {path for path in self.rig.data_dir.quarantine_dir.rglob("*") if path.is_file()}
        files = {path for path in kept if not path.name.endswith(REASON_SUFFIX)}
        reasons = kept - files
        assert len(reasons) <= len(files)
        assert len(self.rig.acts()) >= len(reasons)

    @rule()
    def in_the_end_every_whole_image_is_evidence(self) -> None:
        self.rig.sink.takes = True
        for _ in range(6):
            self.rig.clock.step(11)
            self.rig.poll()
        assert self.rig.in_folder() == []
        whole = {data for data in self.dropped if b"IEND\xaeB`\x82" in data}
        stored = {self.rig.store.read_blob(event.blob) for event in self.rig.events()}
        assert stored == whole


TestInboxLife = InboxLife.TestCase
TestInboxLife.settings = settings(stateful_step_count=25)
