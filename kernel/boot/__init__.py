"""The composition root: wires stores, supervision and pipeline into a running kernel."""
