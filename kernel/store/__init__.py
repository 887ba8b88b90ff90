"""Evidence, derived records and ledger on disk; the only place that opens SQLite."""
