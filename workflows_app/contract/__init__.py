"""What may be said in a contract: people, states, guards, effects, transitions."""
