"""Plugins that behave well (`echo`) and badly, for tests of the supervisor."""
