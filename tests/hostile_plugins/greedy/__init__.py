"""A plugin for tests that takes what it can get."""
