"""Write or check ``locks/contracts.lock.json``: run it after a change in ``contracts/``.

The golden corpus (``tests/contracts/golden``) is written or checked with it: it gains the bytes
of every new shape and loses none of a released one.

Exit 0: the lock agrees with the code (or was written). Exit 1: it does not (``--check``), or
the change breaks a released contract and nobody allowed it. Works from any directory.
"""

from __future__ import annotations

import argparse
import datetime
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# This checkout's contracts, whatever is installed in the environment.
sys.path.insert(0, str(ROOT))

from contracts.bounded import ContractError  # noqa: E402
from contracts.compat import Change  # noqa: E402
from contracts.corpus import check_entry, grow_corpus, parse_corpus, render_corpus  # noqa: E402
from contracts.lock import (  # noqa: E402
    Break,
    Lock,
    blocking,
    compare_code,
    describe_code,
    diff_locks,
    empty_lock,
    next_lock,
    parse_lock,
    render_lock,
)
from contracts.registry import REGISTRY  # noqa: E402

LOCK_PATH = ROOT / "locks" / "contracts.lock.json"
CORPUS_DIR = ROOT / "tests" / "contracts" / "golden"
DIFF_LINES_MAX = 200


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    options = _parse(arguments)
    path: Path = options.lock
    old_text = path.read_text(encoding="utf-8") if path.exists() else ""
    try:
        old = parse_lock(old_text.encode()) if old_text else empty_lock()
        changes = compare_code(old, describe_code())
        stops = blocking(old, changes)
        breaks = _record(stops, options.allow_break) if options.allow_break else []
        new = next_lock(old, breaks=breaks, release=options.release)
        new_text = render_lock(new)
        if options.check and old_text != new_text:
            # Before the corpus: what changed explains why kept bytes do not decode any more.
            return _report_check(path, changes, old_text, new_text)
        if stops and not options.allow_break:
            return _refuse(stops)
        corpus = _grow(new, options.corpus, drop_broken=bool(options.allow_break))
    except ContractError as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 1
    if options.check:
        stale = _find_stale(corpus, options.corpus)
        return max(_report_check(path, changes, old_text, new_text), _report_stale(stale))
    _write(path, old_text, new_text, new, changes)
    _write_corpus(corpus, options.corpus)
    return 0


def _refuse(stops: list[Change]) -> int:
    print("This change breaks released contracts:", file=sys.stderr)
    _print_changes(stops)
    print(
        "Add a new version with an upcaster (docs/contracts.md), or record the break:\n"
        '  python tools/update_contract_lock.py --allow-break "REASON"',
        file=sys.stderr,
    )
    return 1


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on drift")
    parser.add_argument(
        "--allow-break", metavar="REASON", help="accept a breaking change; the lock records why"
    )
    parser.add_argument(
        "--release", metavar="VERSION", help="mark all drafts as shipped by this release (X.Y.Z)"
    )
    parser.add_argument("--lock", type=Path, default=LOCK_PATH, help="another lock file")
    parser.add_argument("--corpus", type=Path, default=CORPUS_DIR, help="another golden corpus")
    options = parser.parse_args(arguments)
    if options.allow_break is not None and not options.allow_break.strip():
        parser.error("--allow-break wants a reason that a reader of the lock understands")
    if options.release and not re.fullmatch(r"\d+\.\d+\.\d+", options.release):
        parser.error("--release wants a version like 1.2.0")
    return options


def _record(stops: list[Change], reason: str) -> list[Break]:
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return [
        Break(
            ref=change.ref,
            path=change.path,
            rule=change.rule,
            detail=change.detail,
            reason=reason,
            date=today,
        )
        for change in stops
    ]


def _grow(lock: Lock, folder: Path, *, drop_broken: bool) -> dict[str, str]:
    """The text of each corpus file, by ``kind@version``.

    ``drop_broken``: bytes that a recorded break made unreadable are replaced by new ones.
    """
    files = {file.stem: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.json"))}
    if drop_broken:
        files = {
            ref: text
            for ref, text in files.items()
            if not any(check_entry(ref, entry, REGISTRY) for entry in parse_corpus(text))
        }
    grown = grow_corpus(lock, REGISTRY, files)
    return {ref: render_corpus(entries) for ref, entries in grown.items()}


def _find_stale(corpus: dict[str, str], folder: Path) -> list[Path]:
    """Corpus files that do not hold what they should, or stand for nothing in the lock."""
    files = {folder / f"{ref}.json": text for ref, text in corpus.items()}
    wrong = [
        file
        for file, text in files.items()
        if not file.exists() or file.read_text(encoding="utf-8") != text
    ]
    return wrong + [file for file in sorted(folder.glob("*.json")) if file not in files]


def _report_stale(stale: list[Path]) -> int:
    for file in stale:
        print(f"{file} does not hold the bytes that the lock pins")
    return 1 if stale else 0


def _write_corpus(corpus: dict[str, str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in _find_stale(corpus, folder):
        if file.stem in corpus:
            file.write_text(corpus[file.stem], encoding="utf-8", newline="\n")
            print(f"wrote {file.name}")
        else:
            # Its contract is gone from the lock: a draft, or a break that the lock records.
            file.unlink()
            print(f"removed {file.name}")


def _report_check(path: Path, changes: list[Change], old_text: str, new_text: str) -> int:
    if old_text == new_text:
        print(f"{path.name} agrees with the code")
        return 0
    print(f"{path} does not agree with the code:")
    _print_changes(changes)
    lines = diff_locks(old_text, new_text)
    print("\n".join(lines[:DIFF_LINES_MAX]))
    if len(lines) > DIFF_LINES_MAX:
        print(f"... and {len(lines) - DIFF_LINES_MAX} more lines")
    print("Run: python tools/update_contract_lock.py")
    return 1


def _print_changes(changes: list[Change]) -> None:
    for change in changes:
        print(f"  {change}")


def _write(path: Path, old_text: str, new_text: str, lock: Lock, changes: list[Change]) -> None:
    if old_text == new_text:
        print(f"{path.name} is up to date ({len(lock.contracts)} contracts)")
        return
    _print_changes(changes)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(new_text, encoding="utf-8", newline="\n")
    print(f"wrote {path.name}: {len(lock.contracts)} contracts, {lock.fingerprint[:16]}")


if __name__ == "__main__":
    sys.exit(main())
