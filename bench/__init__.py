"""How fast and how light the site is, each figure beside a yardstick taken in the same run."""
