"""Quantised networks: what conversion loses of each form, and what it saves."""
