"""What readers found wrong in a lesson or a question."""
