"""The built-in plugins, a folder each with its `plugin.toml`.

May import: contracts and plugin_host's public API (`plugin_host.hooks`).
"""
