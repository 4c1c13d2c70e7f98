"""What the pipeline keeps over a day."""
