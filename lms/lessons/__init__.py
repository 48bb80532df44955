"""What one reads: topics and lessons, and what counts as read."""
