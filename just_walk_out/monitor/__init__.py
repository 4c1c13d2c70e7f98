"""Alerts and diagnostics."""
