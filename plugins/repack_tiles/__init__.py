"""Lossless repacking of frames into tiles that frames share; a library, not yet a stage.

Covers: cutting, compressing, packing, reading back and proving equality. Does not cover:
taking the packed form into use, which is the store's. May import: contracts, numpy, zstandard.
"""
