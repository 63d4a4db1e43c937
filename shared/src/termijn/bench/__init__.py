"""Benchmarks: how fast the machinery is here, each figure beside the raw ceiling of the same rows in the same run.

They run on an embedded PostgreSQL as the product starts it, in a folder of their own, through the same interfaces as the services,
with a small domain of their own: a meter per account.
"""
