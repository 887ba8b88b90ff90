"""Bytes and time of the lossless repack on a recorded session, against other lossless forms.

Usage: python -m tools.bench.repack FOLDER_OF_PNG [--json]. Yardsticks: the PNG files, each
unique PNG once, WebP lossless (one frame in ten), lossless x264 where ffmpeg is installed.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import blake3
from PIL import Image

from contracts.tiles import TilePack
from kernel.store.tiles import TileReader, encode_png, parse_tiles
from plugins.repack_tiles.pictures import load_pixels
from plugins.repack_tiles.tilepack import make_pack, prove_pack
from plugins.repack_tiles.tiles import Pixels

FRAMES_PER_PACK = 30
BASES = 2
READS = 200
WEBP_STEP = 10


class Library:
    """All packs of a run, by digest, in order."""

    def __init__(self) -> None:
        self.packs: dict[bytes, TilePack] = {}

    def add(self, data: bytes) -> None:
        """Take a pack in."""
        self.packs[blake3.blake3(data).digest()] = parse_tiles(data)

    def bases(self) -> dict[bytes, TilePack]:
        """The packs that the next one may refer to."""
        return dict(list(self.packs.items())[-BASES:])


def load(path: Path) -> Pixels:
    """The pixels of an image, three channels."""
    return load_pixels(path.read_bytes())


def repack(paths: Sequence[Path]) -> tuple[Library, int, float, float]:
    """Library, bytes, and CPU milliseconds per frame of packing and of proving."""
    library, size, packing, proving = Library(), 0, 0.0, 0.0
    for start in range(0, len(paths), FRAMES_PER_PACK):
        frames = [load(path) for path in paths[start : start + FRAMES_PER_PACK]]
        bases = library.bases()
        begun = time.process_time()
        data = make_pack(frames, bases=bases)
        packed = time.process_time()
        prove_pack(data, frames, bases=bases)
        proving += time.process_time() - packed
        packing += packed - begun
        library.add(data)
        size += len(data)
    return library, size, packing / len(paths) * 1000, proving / len(paths) * 1000


def random_reads(library: Library) -> tuple[float, float]:
    """Median and 95th percentile of reading one frame as the store does, in CPU ms."""
    chance = random.Random(1)  # noqa: S311 - repeatable
    places = [(pack, i) for pack in library.packs.values() for i in range(len(pack.frames))]
    spent = []
    for pack, index in chance.choices(places, k=READS):
        begun = time.process_time()
        encode_png(TileReader(library.packs.__getitem__).read(pack, index))
        spent.append((time.process_time() - begun) * 1000)
    spent.sort()
    return statistics.median(spent), spent[int(READS * 0.95)]


def webp_bytes(paths: Sequence[Path]) -> int:
    """Lossless WebP (method 4) of one frame in ten, scaled to all of them."""
    chosen = paths[::WEBP_STEP]
    total = 0
    for path in chosen:
        buffer = io.BytesIO()
        Image.open(path).convert("RGB").save(buffer, "WEBP", lossless=True, method=4)
        total += len(buffer.getvalue())
    return total * len(paths) // len(chosen)


def x264_bytes(paths: Sequence[Path]) -> int | None:
    """Lossless RGB x264 of all frames, None without ffmpeg."""
    if shutil.which("ffmpeg") is None:
        return None
    with tempfile.TemporaryDirectory() as name:
        out, pattern = Path(name) / "out.mkv", f"{paths[0].parent.absolute()}/*.png"
        command = ["ffmpeg", "-v", "error", "-framerate", "2", "-pattern_type", "glob"]
        command += ["-i", pattern, "-c:v", "libx264rgb", "-qp", "0", "-preset", "veryfast"]
        command += ["-g", "120"]
        done = subprocess.run([*command, "-threads", "1", str(out)], check=False)
        return out.stat().st_size if done.returncode == 0 else None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    paths = sorted(options.folder.glob("*.png"))
    sizes = {blake3.blake3(path.read_bytes()).digest(): path.stat().st_size for path in paths}
    png = sum(path.stat().st_size for path in paths)
    library, size, packing_ms, proving_ms = repack(paths)
    median_ms, p95_ms = random_reads(library)
    x264 = x264_bytes(paths)
    facts = {
        "frames": len(paths),
        "png_bytes": png,
        "x_png_deduped": round(sum(sizes.values()) / png, 4),
        "x_png_webp_lossless": round(webp_bytes(paths) / png, 4),
        "x_png_x264_lossless": round(x264 / png, 4) if x264 else None,
        "x_png_tiles": round(size / png, 4),
        "pack_cpu_ms_per_frame": round(packing_ms, 1),
        "prove_cpu_ms_per_frame": round(proving_ms, 1),
        "read_cpu_ms_median": round(median_ms, 1),
        "read_cpu_ms_p95": round(p95_ms, 1),
    }
    if options.json:
        print(json.dumps(facts))
        return
    for name, value in facts.items():
        print(f"{name:26} {value}")


if __name__ == "__main__":
    main()
