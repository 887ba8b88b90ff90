"""One file per image format: its structure is walked, its pixels are never decoded.

Every `recognise_*` function takes the whole file and gives `ImageFacts`, or raises
`ImageFault`; nothing else. May import: the standard library and `kernel.capture.refusal`.
"""
