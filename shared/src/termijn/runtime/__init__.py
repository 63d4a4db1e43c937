"""The machinery under every service: store, write path, outbox, inbox, timers, read models, transports, HTTP.

Knows no business: it imports the kernel and the shape of events, never a service.
"""
