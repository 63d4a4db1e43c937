"""Fixtures that tests of every service use, and how hypothesis draws its examples."""

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ["termijn.testing.postgres", "termijn.testing.harness", "termijn.testing.kafka", "termijn.testing.pair"]

# No deadlines: a busy machine breaks no law. Before a change lands the examples are the same at every run, so that the change decides
# and not the draw; everywhere else each run draws new ones.
settings.register_profile(
    "termijn",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="TERMIJN_SAME_EXAMPLES" in os.environ,
)
settings.load_profile("termijn")
