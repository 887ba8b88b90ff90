"""The host pool: spawn, handshake, watch, stop, reap. The only place that signals."""
