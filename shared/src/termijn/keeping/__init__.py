"""Keeping an installation: backup, restore, recovery, what was told, what need not be kept, and its catalogue as files."""
