"""What the numbers mean: gates in words, notes on conventions, where a nan or inf was born."""
