"""Events: who is on the roll, who came, what paper says."""
