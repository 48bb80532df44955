"""The training material: what its files say, read once at boot into frozen values."""
