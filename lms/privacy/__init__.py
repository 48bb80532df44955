"""What people may ask about their data: the notice now; export and erasure join here."""
