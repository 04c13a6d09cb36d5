"""The engines: plain Python packages behind the pages, one per part of a model's life."""
