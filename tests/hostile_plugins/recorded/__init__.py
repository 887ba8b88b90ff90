"""A plugin for tests: text that was read before, so that no engine is needed."""
