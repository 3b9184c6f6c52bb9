"""The same networks in other packages."""
