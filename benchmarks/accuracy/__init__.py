"""Measure accuracy at few steps: settings as data over convert and evaluate."""
