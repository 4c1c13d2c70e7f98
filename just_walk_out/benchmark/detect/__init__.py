"""People in pictures, counted against true boxes."""
