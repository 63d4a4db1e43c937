"""dunning-svc."""
