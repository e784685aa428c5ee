"""A warehouse that sends orders."""
