"""One adapter per system."""
