"""ATOMIC_REQUESTS: every view of the project is a transaction, and a command is still its own."""
