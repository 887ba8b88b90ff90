"""The default text plugin: RapidOCR's PP-OCRv6 models, run by OpenVINO in small steps.

Holds: `plugin` (the hooks), `engine` (frame to line readings), `models` (sessions), `detection`
(where text stands), `recognition` (what it says), `words` (characters to words). May import
contracts, `plugin_host.hooks` and `plugin_host.textkit`.
"""
