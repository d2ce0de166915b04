"""What to change, so that a policy allows what it refuses."""
