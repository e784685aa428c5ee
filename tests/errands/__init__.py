"""Errands: the workflow that the reference model of a run is compared on."""
