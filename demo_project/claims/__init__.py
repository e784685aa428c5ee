"""Insurance claims, from the first draft to the money in the account."""
