"""The organisers' desk: tables over everybody, on screen and to download."""
