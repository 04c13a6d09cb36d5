"""Components of our own: script that runs in the browser, with its Python side."""
