"""Hardware that networks run on: what its operations cost, and what it can do."""
