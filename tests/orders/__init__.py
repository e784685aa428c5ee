"""An order that is called off: superseded, undone, overridden."""
