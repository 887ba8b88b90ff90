"""Screen state: what stands on a frame as a tree, what changed since, what the person did.

Holds: `plugin` (the hooks), `state` (text and pixels to a state), `edges` to `controls` (what the
pixels show), `tree` (elements in order), `identity` and `shifts` (the same element from frame to
frame), `delta` (the difference, and its application), `actions` (what follows from it). May
import contracts, `plugin_host.hooks` and `plugin_host.textkit`.
"""
