"""The wrapper of ffmpeg and ffprobe: what a video is, and its frames as PNG with their times.

The programs see one local file, may open nothing else, write no file and reach no network;
they run at low priority on one thread. Covers: probing, decoding, deadlines, cleaning up.
Does not cover: what becomes of frames (`kernel.capture.video`).
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import resource
import select
import shutil
import subprocess
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec

from kernel.capture.pngstream import PngSplitter, StreamFault
from kernel.config.errors import KernelError

PROBE_TIMEOUT_S = 30.0
STALL_TIMEOUT_S = 120.0
"""No frame for this long: the file is given up."""
MEMORY_BYTES_MAX = 4 << 30
_FORMATS = "matroska,mov,avi,mpegts,mpeg,flv,ogg,asf,nut,ivf,gif,apng,yuv4mpegpipe,h264,hevc,m4v"
_INPUT_OPTIONS = ("-protocol_whitelist", "file", "-format_whitelist", _FORMATS)
_STRICT_OPTIONS = ("-xerror", "-err_detect", "crccheck+explode")
"""Damage ends the program with an error; by default it makes a picture up and goes on."""
_CUT_SHORT = re.compile(rb"File ended prematurely|partial file|corrupt input packet")
"""Said of a container that ends too early, with a good exit status in some formats."""
_READ_BYTES = 1 << 20
_ERROR_CHARS_MAX = 300
_NICENESS = 10
_TIME_BASE = re.compile(rb"config in time_base: (\d+)/(\d+)")
_FRAME = re.compile(rb"\bn: *\d+ pts: *(-?\d+|NOPTS)\b")
_MICROS = 1_000_000


class VideoFault(Exception):
    """The file is no video that can be read (to the end)."""


class _Stream(msgspec.Struct):
    disposition: dict[str, int] = {}


class _Format(msgspec.Struct):
    duration: str = ""
    tags: dict[str, str] = {}


class _Probe(msgspec.Struct):
    streams: list[_Stream] = []
    format: _Format = msgspec.field(default_factory=_Format)


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """``creation_time``: as the container has it, ISO 8601; ``duration_us`` 0 when unknown."""

    creation_time: str | None
    duration_us: int


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """One decoded frame as a PNG file; ``offset_us`` counts from the first frame."""

    data: bytes
    offset_us: int


def find_program(name: str) -> str:
    """Path of ffmpeg or ffprobe. Raises `KernelError` ``ffmpeg-missing``."""
    found = shutil.which(name)
    if found is None:
        raise KernelError(
            "ffmpeg-missing",
            f"{name} is not installed, so videos cannot be taken in",
            hint="install it (Debian: apt install ffmpeg)",
        )
    return found


def probe_video(path: Path) -> VideoFacts:
    """What the container says. Raises `VideoFault`, `KernelError` ``ffmpeg-missing``."""
    command = [find_program("ffprobe"), "-loglevel", "error", *_INPUT_OPTIONS]
    command += ["-print_format", "json", "-show_format", "-show_streams", "-select_streams", "v:0"]
    try:
        finished = subprocess.run(
            [*command, _as_input(path)],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=PROBE_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        raise VideoFault(f"it could not be probed within {PROBE_TIMEOUT_S:.0f} s") from None
    if finished.returncode != 0:
        raise VideoFault(_last_words(finished.stderr))
    try:
        probe = msgspec.json.decode(finished.stdout, type=_Probe)
        duration_us = int(float(probe.format.duration or 0) * _MICROS)
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise VideoFault(f"the probe cannot be read: {error}") from error
    if not probe.streams or probe.streams[0].disposition.get("attached_pic"):
        raise VideoFault("it has no video stream")
    return VideoFacts(probe.format.tags.get("creation_time"), max(0, duration_us))


def read_frames(path: Path, *, frame_bytes_max: int) -> Generator[VideoFrame, None, None]:
    """Every frame in order, one in memory at a time; nothing is dropped or repeated.

    Frames are encoded in the PNG pixel format that loses least: RGB video is kept to the bit,
    YUV becomes RGB as on a screen. Raises `VideoFault` after the last good frame of a file
    that is damaged or ends before its container says. The programs end when the iterator is closed.
    """
    command = [find_program("ffmpeg"), "-nostdin", "-hide_banner", "-nostats", "-loglevel", "info"]
    command += [
        *_STRICT_OPTIONS,
        *_INPUT_OPTIONS,
        "-threads",
        "1",
        "-i",
        _as_input(path),
        "-map",
        "0:v:0",
    ]
    command += ["-vf", "showinfo=checksum=0", "-fps_mode", "passthrough"]
    command += ["-c:v", "png", "-compression_level", "1", "-threads", "1"]
    command += ["-f", "image2pipe", "pipe:1"]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        frames = _Frames(process, frame_bytes_max)
        try:
            _confine(process.pid)
            yield from frames
        finally:
            process.kill()
            # Its end closes the log; only then may the log's reader lose its stream.
            frames.finish()


class _Frames:
    """Joins the PNG files of a process' output with the times in its log."""

    def __init__(self, process: subprocess.Popen[bytes], frame_bytes_max: int) -> None:
        self._process = process
        self._splitter = PngSplitter(frame_bytes_max)
        self._times: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._log_tail = b""
        self._cut_short = b""
        assert process.stderr is not None
        self._reader = threading.Thread(
            target=self._read_log, args=(process.stderr,), name="ffmpeg-log", daemon=True
        )

    def __iter__(self) -> Iterator[VideoFrame]:
        self._reader.start()
        assert self._process.stdout is not None
        output_fd = self._process.stdout.fileno()
        first_us: int | None = None
        while data := self._read_output(output_fd):
            try:
                files = self._splitter.feed(data)
            except StreamFault as fault:
                raise VideoFault(str(fault)) from fault
            for file in files:
                time_us = self._next_time_us()
                first_us = time_us if first_us is None else first_us
                yield VideoFrame(file, time_us - first_us)
        status = self._process.wait(STALL_TIMEOUT_S)
        self._reader.join(STALL_TIMEOUT_S)
        if status != 0 or not self._splitter.is_between_files:
            raise VideoFault(f"ffmpeg ended with status {status}: {_last_words(self._log_tail)}")
        if self._cut_short:
            raise VideoFault(f"it ends before its end: {_last_words(self._cut_short)}")
        if first_us is None:
            raise VideoFault("it has no frames")

    def finish(self) -> None:
        """Wait for the reader of the log, whose process has ended or is being ended."""
        if self._reader.ident is not None:
            self._reader.join(STALL_TIMEOUT_S)

    def _read_output(self, output_fd: int) -> bytes:
        poll = select.poll()
        poll.register(output_fd, select.POLLIN | select.POLLHUP)
        if not poll.poll(int(STALL_TIMEOUT_S * 1000)):
            raise VideoFault(f"no frame came for {STALL_TIMEOUT_S:.0f} s")
        return os.read(output_fd, _READ_BYTES)

    def _next_time_us(self) -> int:
        # The filter logs a frame before the encoder gets it, so its time is here or on its way.
        try:
            time_us = self._times.get(timeout=STALL_TIMEOUT_S)
        except queue.Empty:
            time_us = None
        if time_us is None:
            raise VideoFault("a frame came without its time")
        return time_us

    def _read_log(self, log: IO[bytes]) -> None:
        base = (1, _MICROS)
        last_us = 0
        for line in log:
            if found := _TIME_BASE.search(line):
                base = int(found[1]), max(1, int(found[2]))
            elif found := _FRAME.search(line):
                # A frame without a time belongs to the moment of the one before.
                if found[1] != b"NOPTS":
                    last_us = int(found[1]) * base[0] * _MICROS // base[1]
                self._times.put(last_us)
            elif line.strip():
                self._log_tail = line
                if _CUT_SHORT.search(line):
                    self._cut_short = line
        self._times.put(None)


def _confine(pid: int) -> None:
    """Lower priority and limits of a process just started; it may be gone already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.setpriority(os.PRIO_PROCESS, pid, _NICENESS)
        resource.prlimit(pid, resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, 0))
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))


def _as_input(path: Path) -> str:
    # Without the protocol a name such as "concat:a|b" would be an instruction.
    return f"file:{path.absolute()}"


def _last_words(log: bytes) -> str:
    lines = log.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][-_ERROR_CHARS_MAX:] if lines else "it said nothing"
