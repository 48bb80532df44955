"""Other programs that print the same certificate: yardsticks, and no part of the site."""
