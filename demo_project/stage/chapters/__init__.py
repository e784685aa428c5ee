"""The chapters of the story, by what they are about; each checks its promises."""
