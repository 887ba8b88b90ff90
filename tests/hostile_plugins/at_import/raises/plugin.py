"""Cannot be imported: what it needs is not there."""

import importlib

importlib.import_module("no_such_library_anywhere")
