"""Rubbish at the kernel's sockets: raw bytes, and well-framed messages that mean nothing.

Covers: throwing. Does not cover: whether the kernel minds.
"""

from __future__ import annotations

import contextlib
import random
import socket
from pathlib import Path

import zmq

CONNECTIONS = 8
BYTES_MAX = 4_096
PARTS_MAX = 6
SECONDS_MAX = 2.0


def throw_garbage(run_dir: Path, rng: random.Random) -> dict[str, int]:
    """Throw at every socket below the run dir; says how many sockets, bytes and messages."""
    sockets = [path for path in (run_dir / "control", *run_dir.glob("*/s")) if path.is_socket()]
    thrown = {"sockets": len(sockets), "bytes": 0, "messages": 0}
    for path in sockets:
        thrown["bytes"] += _throw_bytes(path, rng)
        thrown["messages"] += _throw_messages(path, rng)
    return thrown


def _throw_bytes(path: Path, rng: random.Random) -> int:
    """Without any greeting of the protocol, and gone in the middle of it."""
    total = 0
    for _ in range(CONNECTIONS):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as end:
            end.settimeout(SECONDS_MAX)
            end.connect(str(path))
            total += end.send(rng.randbytes(rng.randrange(1, BYTES_MAX)))
    return total


def _throw_messages(path: Path, rng: random.Random) -> int:
    """With a good greeting, and then nothing that is a message of ours."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    end = context.socket(zmq.DEALER)
    end.linger = 200
    end.sndtimeo = int(SECONDS_MAX * 1000)
    sent = 0
    try:
        end.connect(f"ipc://{path}")
        for _ in range(CONNECTIONS):
            parts = rng.randrange(1, PARTS_MAX)
            with contextlib.suppress(zmq.Again):
                end.send_multipart([rng.randbytes(rng.randrange(BYTES_MAX)) for _ in range(parts)])
                sent += 1
    finally:
        end.close()
        context.term()
    return sent
