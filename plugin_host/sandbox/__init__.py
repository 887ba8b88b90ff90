"""The walls a host puts around itself before it imports a plugin.

Lives here: one file per layer, the order (`apply`), the denial tests (`self_test`), the report.
Does not live here: limits enforced from outside (the kernel's watchdog). May import: the standard
library and `contracts.launch`; nothing from site-packages is reachable when this runs.
"""
