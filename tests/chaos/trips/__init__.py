"""The workflow that lives through the chaos: trips that are ordered, booked and paid."""
