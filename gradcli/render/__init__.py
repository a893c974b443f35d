"""How a report looks: rich tables and trees, plain text."""
