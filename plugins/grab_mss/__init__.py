"""A screen grabber for X11 that fills the inbox, so that the product is useful by itself.

A program of its own (``python -m plugins.grab_mss``), not a hook: hosts stand still while the
person is active, which is just when a grabber works. It follows docs/inbox.md like any capture
program. May import: contracts, mss, the standard library.
"""
