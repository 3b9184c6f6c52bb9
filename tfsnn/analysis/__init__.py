"""Evaluate, compare, choose, diagnose and draw conversions."""
