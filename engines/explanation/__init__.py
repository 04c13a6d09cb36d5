"""Explanations for the reviewer: what a model decides by, for whom, and how steadily."""
