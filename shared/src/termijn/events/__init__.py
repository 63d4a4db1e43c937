"""The published language: what the services tell each other. One file per publisher, and the envelope that carries it."""
