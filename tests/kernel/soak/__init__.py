"""Tests of kernel.soak."""
