"""The stage of the demo: its people, its processes, and the story they play."""
