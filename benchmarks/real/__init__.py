"""Networks out of public packages, converted as their owners would."""
