"""Files of other programs, and of none in particular."""
