"""Who came in: codes, tokens and visits."""
