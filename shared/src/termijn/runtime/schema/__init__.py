"""The tables and statements of the runtime itself, as SQL."""
