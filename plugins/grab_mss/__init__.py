"""A screen grabber for X11 that fills the inbox, so that the product is useful by itself.

A program (``python -m plugins.grab_mss``) that the kernel keeps running when it is wanted, and
that runs alone as well: hosts stand still while the person is active, which is just when a
grabber works. It follows docs/inbox.md like any capture program. May import: contracts, mss, the
standard library, and plugin_host.hooks for the one hook.
"""
