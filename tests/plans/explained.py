"""What the database plans for every statement that is run: which index serves it, or none."""

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection

PLANNED = re.compile(r"\s*(SELECT|WITH|UPDATE|DELETE)\b", re.IGNORECASE)
MANY = 1_000  #: MariaDB says how many rows it expects to read; so few may be read without an index


@dataclass
class Plans:
    """The indexes that were used, and what was read from one end to the other."""

    tables: set[str]
    indexes: set[str] = field(default_factory=set)
    scans: list[str] = field(default_factory=list)

    def explain(self, execute, sql, parameters, many, context):
        """Ask for the plan of a statement, and then run it."""
        if not many and PLANNED.match(sql) and any(table in sql for table in self.tables):
            with connection.cursor() as cursor:
                self._read(cursor, sql, parameters)
        return execute(sql, parameters, many, context)

    def _read(self, cursor, sql, parameters):
        before = len(self.scans)
        READ[connection.vendor](self, cursor, sql, parameters)
        self.scans[before:] = [f"{scan}: {sql[:300]}" for scan in self.scans[before:]]


@contextmanager
def plans_of(*models):
    """The plans of what is run here on the tables of these models."""
    plans = Plans({model._meta.db_table for model in models})
    with connection.execute_wrapper(plans.explain):
        yield plans


def _of_postgresql(plans, cursor, sql, parameters):
    cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
    found = cursor.fetchone()[0]
    _walk(plans, (found if isinstance(found, list) else json.loads(found))[0]["Plan"])


def _walk(plans, node):
    if index := node.get("Index Name"):
        plans.indexes.add(index)
    whole_key = index and index.endswith("_pkey") and "Index Cond" not in node
    whole_table = node["Node Type"] == "Seq Scan" and node["Relation Name"] in plans.tables
    if whole_table or (whole_key and "Filter" in node):
        plans.scans.append(f"{node['Node Type']} of {node['Relation Name']}")
    for part in node.get("Plans", ()):
        _walk(plans, part)


def _of_sqlite(plans, cursor, sql, parameters):
    cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters or ())
    for *_, detail in cursor.fetchall():
        if index := re.search(r"INDEX (\w+)", detail):
            plans.indexes.add(index[1])
        # A partial index of ours holds only the rows that are asked for: all of it may be read.
        if re.match(r"SCAN (\w+)", detail) and "INDEX workflows_" not in detail:
            name = re.match(r"SCAN (\w+)", detail)[1]
            if name in plans.tables or re.fullmatch(r"[A-Z]\d+", name):
                plans.scans.append(detail)


def _of_mariadb(plans, cursor, sql, parameters):
    cursor.execute(f"EXPLAIN {sql}", parameters)
    for _, _, table, how, _, index, _, _, rows, *_ in cursor.fetchall():
        if index:
            plans.indexes.update(index.split(","))
        if how in ("ALL", "index") and int(rows or 0) > MANY:
            plans.scans.append(f"{how} of {table}, {rows} rows")


READ = {"postgresql": _of_postgresql, "sqlite": _of_sqlite, "mysql": _of_mariadb}
