"""Hardware that networks run on: what its operations cost."""
