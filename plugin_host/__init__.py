"""What runs beside a plugin: message loop, sandbox, loader, hook specifications.

May import: contracts. Nothing here imports the kernel.
"""
