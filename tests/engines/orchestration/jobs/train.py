"""A kind of which one machine runs a single job at a time; never started by these tests."""
