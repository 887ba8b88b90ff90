"""A plugin that does next to nothing, so that what is measured is the way there and back."""
