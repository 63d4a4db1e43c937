"""The words that every service speaks: money, days, periods, notice, tariffs, ids, refusals.

Pure: nothing here reads a clock, a file or a database, and nothing here imports the rest of Termijn.
"""
