"""The main job as a story: a made-up provider, thirty customers, six months on the sandbox clock.

Everything here is outside the system: what a provider's office, its telephone exchanges, its bank and its customers do. It
knows Termijn only by its HTTP interfaces and by a clock that can be moved. The only randomness is seeded, so that the same
seed gives the same calls, and the system's promise is that it then gives the same invoices, letters and dates.
"""
