"""Which struct stands for which kind and version, and how old versions become new ones.

Covers: every record and message ever locked, decoding stored bytes of any version.
Does not cover: their shapes (`contracts.schema`), what may change (`contracts.compat`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec

from contracts.answer import Answer, Citation, Claim, Coverage, Provenance
from contracts.backlog import Attempt, Job
from contracts.base import Message, Record
from contracts.bounded import RECORD_BYTES_MAX, Buffer, ContractError, decode_bounded
from contracts.capture import CaptureEvent, Cursor, PixelBlob
from contracts.change import Action, Delta, ElementChange
from contracts.control import (
    ActRecorded,
    AskStatus,
    CaptureAcknowledged,
    ControlError,
    Ping,
    Pong,
    ProcessNow,
    ProcessState,
    RecordAct,
    StatusReply,
    SubmitCapture,
)
from contracts.derivation import DerivationKey, StageTiming
from contracts.embedding import Embedding, EmbeddingBatch, EmbeddingRef, TextBatch
from contracts.health import HealthSample, HostHealth, StageBacklog
from contracts.interval import BoxSince, TextInterval
from contracts.ledger import LedgerAnchor, LedgerEntry
from contracts.run import RunManifest, RunPlugin
from contracts.screen import Element, ScreenState
from contracts.soak import SoakCriterion, SoakFault, SoakReport
from contracts.text import TextLine, TextPage, Word
from contracts.tiles import LeftOutFrame, ProvenFrame, ProvenFrames, RepackedFrames
from contracts.vision import VlmObservation
from contracts.wire import (
    Beat,
    CancelTask,
    Drain,
    Goodbye,
    Hello,
    HostFault,
    Progress,
    Ready,
    Reject,
    RunTask,
    SandboxLayer,
    TaskDone,
    TaskFailed,
    Welcome,
)

Contract: TypeAlias = type[msgspec.Struct]
Key: TypeAlias = tuple[str, int]
"""Kind (the tag) and schema version."""

Upcaster: TypeAlias = Callable[[Any], msgspec.Struct]
"""Turns a record of one version into the next: pure, total, never invents a value."""


class _Header(msgspec.Struct, frozen=True):
    """What every encoded contract says about itself; the rest is skipped."""

    kind: str
    schema_version: int


@dataclass(frozen=True, slots=True)
class Registry:
    """The known contracts: one struct per kind and version, one newest version per kind."""

    structs: Mapping[Key, Contract]
    newest: Mapping[str, int]
    upcasters: Mapping[Key, Upcaster]

    @classmethod
    def build(
        cls, contracts: Iterable[Contract], upcasters: Mapping[Key, Upcaster] | None = None
    ) -> Registry:
        """A registry of these structs; ``upcasters`` maps an old key to its way to the next.

        Raises `ValueError` when two structs claim a key, versions leave a gap, or an old
        version has no way to the next.
        """
        structs: dict[Key, Contract] = {}
        for contract in contracts:
            key = key_of(contract)
            if key in structs:
                raise ValueError(f"{key} is claimed by {structs[key]} and {contract}")
            structs[key] = contract
        newest: dict[str, int] = {}
        for kind, version in structs:
            newest[kind] = max(version, newest.get(kind, 0))
        ways = dict(upcasters or {})
        for kind, version in newest.items():
            if issubclass(structs[(kind, version)], Message):
                continue  # Never stored: both ends speak the newest version or do not talk.
            for old in range(1, version):
                if (kind, old) not in structs:
                    raise ValueError(f"{kind} has version {version} but no version {old}")
                if (kind, old) not in ways:
                    raise ValueError(f"{kind}@{old} has no upcaster to version {old + 1}")
        return cls(structs=structs, newest=newest, upcasters=ways)

    def find(self, kind: str, version: int) -> Contract:
        """The struct of this kind and version; raises `ContractError` when there is none."""
        contract = self.structs.get((kind, version))
        if contract is not None:
            return contract
        if kind not in self.newest:
            raise ContractError("unknown-kind", f"no contract is called {kind!r}")
        raise ContractError(
            "unknown-version",
            f"{kind} is known up to version {self.newest[kind]}, the bytes say {version}",
        )

    def decode(self, data: Buffer, *, bytes_max: int = RECORD_BYTES_MAX) -> msgspec.Struct:
        """The record in stored bytes of any version, as the newest struct of its kind.

        Raises `ContractError` only.
        """
        header = decode_bounded(data, _Header, bytes_max=bytes_max)
        contract = self.find(header.kind, header.schema_version)
        record = decode_bounded(data, contract, bytes_max=bytes_max)
        return self.upcast(record)

    def upcast(self, record: msgspec.Struct) -> msgspec.Struct:
        """The record as the newest version of its kind; a newest one comes back as it is.

        Raises `ContractError` (``upcast-failed``) when an upcaster raises or goes astray.
        """
        kind, version = key_of(type(record))
        while version < self.newest[kind]:
            try:
                record = self.upcasters[(kind, version)](record)
            except Exception as error:
                reason = f"{kind}@{version}: {type(error).__name__}: {error}"
                raise ContractError("upcast-failed", reason) from error
            if key_of(type(record)) != (kind, version + 1):
                reason = f"{kind}@{version} became {key_of(type(record))}"
                raise ContractError("upcast-failed", reason)
            version += 1
        return record


def key_of(contract: Contract) -> Key:
    """Kind and schema version that a struct declares.

    Raises `ValueError` when the struct has no text tag or no literal ``schema_version``.
    """
    kind = contract.__struct_config__.tag
    version = getattr(_default_of(contract, "schema_version"), "real", None)
    if not isinstance(kind, str) or not isinstance(version, int):
        raise ValueError(  # noqa: TRY004 - the value (a class) is wrong, not its type
            f"{contract.__name__} needs a text tag and schema_version: Literal[N] = N"
        )
    return kind, version


def _default_of(contract: Contract, name: str) -> object:
    fields = contract.__struct_fields__
    defaults = contract.__struct_defaults__
    if name not in fields:
        return None
    index = fields.index(name) - (len(fields) - len(defaults))
    return defaults[index] if index >= 0 else None


RECORDS: Final[tuple[type[Record], ...]] = (
    Action,
    Answer,
    Attempt,
    BoxSince,
    CaptureEvent,
    Citation,
    Claim,
    Coverage,
    Cursor,
    Delta,
    DerivationKey,
    Element,
    ElementChange,
    Embedding,
    EmbeddingBatch,
    EmbeddingRef,
    HealthSample,
    HostHealth,
    Job,
    LedgerAnchor,
    LedgerEntry,
    LeftOutFrame,
    PixelBlob,
    ProvenFrame,
    ProvenFrames,
    Provenance,
    RepackedFrames,
    RunManifest,
    RunPlugin,
    ScreenState,
    SoakCriterion,
    SoakFault,
    SoakReport,
    StageBacklog,
    StageTiming,
    TextBatch,
    TextInterval,
    TextLine,
    TextPage,
    VlmObservation,
    Word,
)
"""Newest version of every record."""

MESSAGES: Final[tuple[type[Message], ...]] = (
    ActRecorded,
    AskStatus,
    Beat,
    CancelTask,
    CaptureAcknowledged,
    ControlError,
    Drain,
    Goodbye,
    Hello,
    HostFault,
    Ping,
    Pong,
    ProcessNow,
    ProcessState,
    Progress,
    Ready,
    RecordAct,
    Reject,
    RunTask,
    SandboxLayer,
    StatusReply,
    SubmitCapture,
    TaskDone,
    TaskFailed,
    Welcome,
)
"""Newest version of every wire message. Both sides come from one release: no old ones."""

RETIRED: Final[tuple[type[Record], ...]] = ()
"""Earlier versions, kept for as long as bytes of them may be stored: for ever."""

UPCASTERS: Final[Mapping[Key, Upcaster]] = {}
"""From each retired version to the next one."""

REGISTRY: Final = Registry.build((*RECORDS, *MESSAGES, *RETIRED), UPCASTERS)
