"""The `kernel` command: one file per subcommand; parses, calls, prints. No policy."""
