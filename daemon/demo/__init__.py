"""The whole daemon against a mail server in the process: for a first look, and for nothing else."""
