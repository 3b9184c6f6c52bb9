"""Many callers at once, and many images."""
