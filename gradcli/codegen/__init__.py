"""Code written out from the rules."""
