"""What several test files use: a browser, notebooks, small graphs and random ones."""
