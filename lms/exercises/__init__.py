"""Live exercises: a trainer runs a scenario in the room."""
