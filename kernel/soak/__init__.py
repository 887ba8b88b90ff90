"""A person's day driven through the real kernel, measured from outside, with a verdict."""
