"""One module a dashboard, read in the order of the screen."""
