"""Vectors of text lines, for search by meaning: all-MiniLM-L6-v2 on OpenVINO, all local."""
