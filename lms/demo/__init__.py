"""The sample year: invented people, two events, what they did; the same every time."""
