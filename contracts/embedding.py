"""Vectors for search by meaning.

Covers: a quantized vector as a plugin returns it, and the reference that the index keeps.
Does not cover: the index. A vector is integers: records that are hashed hold no floats.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from contracts.base import Digest, Name, PluginId, Record, Text, Version

Dimensions = Annotated[int, msgspec.Meta(ge=1, le=16_384)]


class Embedding(Record, frozen=True, kw_only=True, tag="embedding"):
    """One vector, quantized to signed bytes, one per dimension.

    The real value of a component is ``component * scale_nano / 1e9``.
    """

    schema_version: Literal[1] = 1
    text_digest: Digest
    model: Name
    model_digest: Digest
    dimensions: Dimensions
    scale_nano: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    components: Annotated[bytes, msgspec.Meta(min_length=1, max_length=16_384)]


class TextBatch(Record, frozen=True, kw_only=True, tag="text_batch"):
    """Distinct texts whose vectors are wanted, in the order in which they became known."""

    schema_version: Literal[1] = 1
    texts: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1, max_length=1024)]


class EmbeddingBatch(Record, frozen=True, kw_only=True, tag="embedding_batch"):
    """The vectors of a `TextBatch`: one for each text, in its order, all of one model."""

    schema_version: Literal[1] = 1
    embeddings: Annotated[tuple[Embedding, ...], msgspec.Meta(min_length=1, max_length=1024)]


class EmbeddingRef(Record, frozen=True, kw_only=True, tag="embedding_ref"):
    """Where the vector of a text stands: vectors of different models are never mixed."""

    schema_version: Literal[1] = 1
    text_digest: Digest
    model: Name
    model_digest: Digest
    dimensions: Dimensions
    vector_digest: Digest
    extractor: PluginId
    extractor_version: Version
