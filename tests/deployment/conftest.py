"""Deployments load all four services; the tests of one service must not, so this is no plugin of the whole repository."""

from termijn.testing.deployed import deployment

__all__ = ["deployment"]
