"""The smallest workflow there is: for what the engine costs when the effects cost nothing."""
