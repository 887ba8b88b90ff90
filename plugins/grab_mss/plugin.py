"""The hook of the grabber: it says whether grabbing is possible; the program does the rest.

A host stands still while the person is active, which is just when a grabber works: the kernel
runs `plugins.grab_mss.__main__` as a source instead (docs/inbox.md). Covers: the check of the
installation. Does not cover: grabbing (`plugins.grab_mss.grabber`).
"""

from __future__ import annotations

import importlib.util

from plugin_host.hooks import PluginError, SetupContext, hookimpl


class GrabberPlugin:
    """Has no stages."""

    @hookimpl
    def autocapture_setup(self, context: SetupContext) -> None:
        """Raises `PluginError` ``mss-missing`` when the library is not installed."""
        if importlib.util.find_spec("mss") is None:
            raise PluginError("mss-missing", "install the extra: autocapture[grab]")


plugin = GrabberPlugin()
