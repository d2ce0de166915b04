"""What differs between two policies: who gains and who loses, by which grants, and what else."""
