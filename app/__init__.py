"""Entry points: the gated web application, its frame, its worker."""
