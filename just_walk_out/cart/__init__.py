"""What each visit holds."""
