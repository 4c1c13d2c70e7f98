"""What shelf cameras say, on rendered pictures."""
