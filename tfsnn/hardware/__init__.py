"""What a machine can do: what its operations cost."""
