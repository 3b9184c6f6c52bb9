"""Compare methods and settings on one network and the same samples."""
