"""Keeping an installation: backup, restore, recovery, telling again what was told, and trimming what need not be kept."""
