"""The kernel: everything that must not be lost, and the command line.

Layers, upper may import lower: cli > boot > (query, pipeline, observe) >
(supervision, scheduling, capture) > store > config. May import: contracts. The one seam to
plugin_host is `kernel.supervision.inprocess`.
"""
