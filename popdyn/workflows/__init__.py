"""One file per verb: what the command line and the public functions call."""
