"""A calculator that explains its derivatives."""

__version__ = "0.1.0"
