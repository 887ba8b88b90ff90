"""A plugin for tests of the soak: reads what it was told, and misbehaves as it was told."""
