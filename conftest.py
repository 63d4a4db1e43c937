"""Fixtures that tests of every service use."""

pytest_plugins = ["termijn.testing.postgres", "termijn.testing.harness", "termijn.testing.kafka", "termijn.testing.pair"]
