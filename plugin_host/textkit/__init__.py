"""What every text plugin needs and none should write twice: public API for plugin authors.

Holds: `images` (encoded bytes to pixels, bounded), `reading` (what an engine saw, as plain
data), `lines` (words to contract lines), `order` (reading order), `tiles` (large frames in
bounded pieces), `regions`, `recall` and `incremental` (what was read before), `request` (an answer
of a model that is this run's). Does not hold: any engine, any I/O. May import contracts and
`plugin_host.hooks`. It stands here and not in `plugins/` because two plugins share it: a shared
module among plugins would belong to no plugin's digest, while the host's code is covered by the
installation as a whole.
"""
