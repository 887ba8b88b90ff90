"""When heavy work may run and in which order. Pure functions over plain data."""
