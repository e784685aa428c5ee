"""Reads go to a replica that has heard of nothing yet: whatever is read from it is wrong."""
