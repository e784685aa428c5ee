"""Rows by the hundred thousand: copies of one row, made inside the database."""

from django.db import connection

NUMBERS = {
    "postgresql": "SELECT n FROM generate_series({first}, {last}) AS one(n)",
    "sqlite": (
        "WITH RECURSIVE one(n) AS"
        " (SELECT {first} UNION ALL SELECT n + 1 FROM one WHERE n < {last}) SELECT n FROM one"
    ),
    "mysql": "SELECT seq AS n FROM seq_{first}_to_{last}",
}
#: A key that no uuid of version 7 from our time is, in the order of the numbers.
IDENTITY = {
    "postgresql": "CAST(LPAD(TO_HEX(n), 32, '0') AS uuid)",
    "sqlite": "PRINTF('%032x', n)",
    "mysql": "CAST(LPAD(HEX(n), 32, '0') AS uuid)",
}
TEXT = {
    "postgresql": "CAST({} AS varchar)",
    "sqlite": "CAST({} AS text)",
    "mysql": "CAST({} AS char)",
}


def identity(number="n"):
    """SQL of the key of the copy with this number."""
    return IDENTITY[connection.vendor].replace("n)", f"{number})", 1)


def text(number):
    """SQL of a number as text."""
    return TEXT[connection.vendor].format(number)


def copy(row, how_many, *, first=1, **columns):
    """Insert copies of a row that stands in its table; ``columns`` are SQL of the number ``n``.

    A column that is not named is copied. Of the key, the copies have one each.
    """
    model, quote = type(row), connection.ops.quote_name
    columns = {model._meta.pk.column: identity(), **columns}
    names = [field.column for field in model._meta.concrete_fields]
    values = [columns.get(name, f"template.{quote(name)}").replace("%", "%%") for name in names]
    numbers = NUMBERS[connection.vendor].format(first=first, last=first + how_many - 1)
    table = quote(model._meta.db_table)
    key = model._meta.pk.get_db_prep_value(row.pk, connection)
    statement = (
        f"INSERT INTO {table} ({', '.join(map(quote, names))})"
        f" SELECT {', '.join(values)} FROM {table} template CROSS JOIN ({numbers}) numbers"
        f" WHERE template.{quote(model._meta.pk.column)} = %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, (key,))


def analyse(*models):
    """Let the planner know how many rows there are now."""
    with connection.cursor() as cursor:
        for model in models:
            table = connection.ops.quote_name(model._meta.db_table)
            analysing = "ANALYZE TABLE" if connection.vendor == "mysql" else "ANALYZE"
            cursor.execute(f"{analysing} {table}")
