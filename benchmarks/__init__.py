"""What cfacl costs, beside honest baselines; see README.md."""
