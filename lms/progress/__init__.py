"""What is asked, done and missing: the pages that look across wings."""
