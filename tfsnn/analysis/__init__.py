"""What a conversion is worth: evaluated, compared, chosen, diagnosed and drawn."""
