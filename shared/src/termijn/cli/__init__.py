"""The command ``termijn``: one module per command, loaded when it is asked for."""
