"""Flat code: forward and backward pass as straight lines, one operation a line, named as `explain` names them."""
