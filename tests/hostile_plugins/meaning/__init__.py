"""A plugin for tests: vectors without a model."""
