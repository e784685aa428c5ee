"""The demo site: insurance claims, and the outside world they depend on."""
