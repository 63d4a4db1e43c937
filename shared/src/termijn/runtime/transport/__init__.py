"""How public events travel: one interface, and a transport per way of running. The contract tests hold for each of them."""
