"""The light text plugin: Debian's tesseract program through pytesseract.

Holds: `plugin` (the hooks), `preparation` (pixels as tesseract likes them), `program` (the call
and what it prints). May import contracts, `plugin_host.hooks` and `plugin_host.textkit`.
"""
