"""The world outside: a file that both releases append to, one line for each call."""

import os


def call(effect, order, run):
    with open(os.environ["WAREHOUSE_BOOK"], "a") as book:
        book.write(f"{os.environ['WAREHOUSE_RELEASE']} {effect} {order.pk} {run.key}\n")
