"""Search: the setting of a method that costs least within an allowed drop."""
