from tests.shapes import road
from tests.shapes.accounts.models import CODES, Order


def tell():
    assert road.faults() == set()
    walk = Walk(**road.people())
    walk.walk()
    walk.every_key()


class Walk(road.Road):
    def own_key(self):
        return {"code": "found: here/and there"}

    def every_key(self):
        """Each of these keys has an address, under which its commands are given."""
        while {one.rstrip("0123456789") for one in CODES} - set(self.seen()):
            pk, url = self.order("one more")
            assert road.post(self.clerk, f"{url}send/").status_code == 202, url
            assert road.client_of(self.clerk).get(f"{url}timeline/").status_code == 200, url
            assert road.client_of(self.clerk).get(url.rstrip("/")).status_code == 200, url

    def seen(self):
        return [one.code.rstrip("0123456789") for one in Order.objects.exclude(version=0)]
