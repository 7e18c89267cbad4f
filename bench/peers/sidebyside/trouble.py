"""What goes wrong with one system and must not end the comparison of the others."""


class Trouble(Exception):
    """A measurement that could not be made, and why. It is reported in its place of the table."""
