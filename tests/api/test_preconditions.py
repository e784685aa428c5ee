"""If-Match names the version a client saw; ETag and If-None-Match spare it what it has."""

import pytest

from .conftest import command

pytestmark = pytest.mark.django_db


def address(parcel):
    return f"/api/v1/parcels/{parcel.pk}/"


def test_the_tag_is_strong_and_begins_with_the_version(by_sender, packed):
    tag = by_sender.get(address(packed)).headers["ETag"]
    assert tag.startswith('"1.')
    assert tag.endswith('"')
    assert by_sender.get(address(packed)).headers["ETag"] == tag


def test_the_tag_changes_with_the_body_though_the_version_stays(by_sender, packed):
    before = by_sender.get(address(packed)).headers["ETag"]
    packed.address = "Side Street 2"
    packed.title = "other books"
    packed.save()
    after = by_sender.get(address(packed)).headers["ETag"]
    assert before != after
    assert before[:3] == after[:3]


@pytest.mark.parametrize("form", ["{}", "W/{}", '"1.x", {}', "*"])
def test_who_has_the_document_gets_304(by_sender, packed, form):
    tag = by_sender.get(address(packed)).headers["ETag"]
    response = by_sender.get(address(packed), headers={"If-None-Match": form.format(tag)})
    assert response.status_code == 304
    assert response.content == b""
    assert response.headers["ETag"] == tag
    assert response.headers["Cache-Control"] == "private, no-cache"


def test_who_has_an_older_document_gets_the_new_one(by_sender, packed):
    tag = by_sender.get(address(packed)).headers["ETag"]
    command(by_sender, packed, "cover")
    packed.title = "x"
    packed.save()
    assert by_sender.get(address(packed), headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        '"1"',
        '"1.abcdef"',
        "*",
        '"0.a", "1.b"',
        '"9","1"',
        ', "1" ,',
        '"other", "1.x"',
        'W/"1", "1"',
    ],
)
def test_a_tag_of_this_version_matches(by_clerk, packed, header):
    assert command(by_clerk, packed, "cover", If_Match=header).status_code == 202


@pytest.mark.parametrize(
    "header",
    [
        '"0"',
        '"2.x"',
        'W/"1"',
        'W/"1.abc"',
        '"other"',
        '""',
        '"10"',
        '"1x"',
        '"-1"',
        f'"{"9" * 5000}"',
    ],
)
def test_another_tag_or_a_weak_one_does_not(by_clerk, packed, header):
    response = command(by_clerk, packed, "cover", If_Match=header)
    assert response.status_code == 412
    assert response.json()["type"].endswith("stale-version")


@pytest.mark.parametrize(
    "header", ["", "1", "1.abc", '"1', '1"', '*, "1"', '"1" "2"', 'w/"1"', ","]
)
def test_what_is_no_list_of_tags_is_malformed(by_clerk, packed, header):
    response = command(by_clerk, packed, "cover", If_Match=header)
    assert response.status_code == 400
    assert response.json()["type"].endswith("precondition-invalid")


def test_without_if_match_a_command_takes_the_object_as_it_is(by_clerk, packed):
    assert command(by_clerk, packed, "ship").status_code == 202


def test_a_stale_client_is_told_where_the_object_stands_and_what_it_can_do(by_clerk, packed):
    old = by_clerk.get(address(packed)).headers["ETag"]
    command(by_clerk, packed, "ship", If_Match=old)
    response = command(by_clerk, packed, "cover", If_Match=old)
    assert response.status_code == 412
    now = by_clerk.get(address(packed))
    problem = response.json()
    assert problem["current"] == {
        "state": "shipping",
        "version": 2,
        "etag": now.headers["ETag"],
        "actions": now.json()["workflow"]["actions"],
    }
    assert problem["versions"] == [1]
    assert response.headers["ETag"] == now.headers["ETag"]
    assert (
        command(by_clerk, packed, "cover", If_Match=problem["current"]["etag"]).status_code == 202
    )


def test_a_conflict_is_told_the_same(by_clerk, parcel):
    response = command(by_clerk, parcel, "ship")
    problem = response.json()
    assert response.status_code == 409
    assert problem["detail"] == "Only from Packed or Halted."
    assert problem["transition"] == "ship"
    assert problem["allowed_from"] == ["packed", "halted"]
    assert problem["reasons"] == [{"code": "wrong_state", "detail": "Only from Packed or Halted."}]
    assert problem["current"]["state"] == "new"
    assert [a["name"] for a in problem["current"]["actions"] if a["allowed"]] == ["pack", "cover"]
