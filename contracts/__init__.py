"""Records and wire messages shared by kernel, hosts and plugins.

Lives here: frozen msgspec structs, their canonical encoding, the registry that names every
version, the compatibility rules and the lock over all of it. Does not live here: I/O, policy,
anything that knows a process or a file. May import: msgspec and the standard library.
"""
