"""Users with a UUID and an e-mail address, orders with any text as key, an app by another name."""
