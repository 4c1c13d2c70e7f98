"""Who took what: takes and returns from shelf events, tracks and visits."""
