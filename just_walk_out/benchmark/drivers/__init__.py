"""What reading load cells costs."""
