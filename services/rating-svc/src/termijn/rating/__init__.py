"""rating-svc."""
