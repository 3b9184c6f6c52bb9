"""Measure the same networks in other packages."""
