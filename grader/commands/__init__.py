"""What each command does: one function a command, thin over the library; `cli.py` gives them their names."""
