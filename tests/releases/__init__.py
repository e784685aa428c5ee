"""Two releases of one project, each in a folder of its own, on one database."""
