"""How long a killed worker's runs wait for another: twice the time-out of the payments' effects."""

from datetime import timedelta

LEASE = timedelta(seconds=10)
