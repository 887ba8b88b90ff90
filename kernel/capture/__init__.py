"""Intake: from a file, the inbox or a grabber to durable evidence."""
