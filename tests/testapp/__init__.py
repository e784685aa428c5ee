"""A small app with workflows of every shape, for the tests of the package."""
