"""Sphinx settings: MyST pages, the furo theme, nothing fetched while building."""

from __future__ import annotations

project = "Autocapture"
author = "The Autocapture maintainers"
extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
# Links to a heading are checked like any other.
myst_heading_anchors = 3
exclude_patterns = ["_build", "changelog"]
html_theme = "furo"
html_title = "Autocapture"
# Pages link to code and to each other by file; both must resolve.
nitpicky = True
