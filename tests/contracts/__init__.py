"""Tests of the contracts, and the golden corpus."""
