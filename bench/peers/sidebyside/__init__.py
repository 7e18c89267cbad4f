"""The comparison of Grapevine with other systems. See README.md beside it for the method."""
