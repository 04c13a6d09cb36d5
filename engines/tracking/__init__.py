"""What is remembered of trainings: runs, candidates, trials, files, model versions."""
