"""What is generated: the status document, the timeline, the receipt, for every reader alike."""
