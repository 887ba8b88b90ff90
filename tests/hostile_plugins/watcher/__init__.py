"""A plugin for tests: the smallest one that does the stages "state" and "delta"."""
