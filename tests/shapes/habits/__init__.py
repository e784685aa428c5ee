"""Models with habits of their own: save(), receivers, managers, columns, tables."""
