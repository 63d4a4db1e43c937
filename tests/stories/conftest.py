"""Stories load all four services; the tests of one service must not, so this is no plugin of the whole repository."""

from termijn.testing.story import story

__all__ = ["story"]
