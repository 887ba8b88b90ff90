"""A plugin for tests that attacks its host."""
