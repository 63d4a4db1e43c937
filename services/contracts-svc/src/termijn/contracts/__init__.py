"""contracts-svc: who agreed to what, when. Catalogue, accounts, modules and the dates that follow from them."""
