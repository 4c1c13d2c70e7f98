"""Person detectors behind one interface; made by the name of their kind."""
