"""Weight-sensing shelves: serial transport, load-cell protocols and weight steps."""
