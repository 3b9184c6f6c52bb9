"""Many methods and settings, measured side by side."""
