"""`make chaos`: real workers, people and an outside world, and everything that can go wrong."""
