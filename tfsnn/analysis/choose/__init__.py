"""Search for the cheapest setting of a method within an allowed drop."""
