"""The tables of the sample service."""
