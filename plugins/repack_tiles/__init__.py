"""Lossless repacking of frames into tiles that frames share, as two stages of idle time.

Covers: decoding, cutting, compressing, packing, proving equality. Does not cover: taking the
packed form into use, which is the store's. May import: contracts, plugin_host.hooks, numpy,
pillow, zstandard, blake3.
"""
