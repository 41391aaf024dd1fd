"""The description is of what is there, and whole."""

import inspect
import json
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import msgspec
import pytest

from boots.api import openapi
from boots.api.desk import Desk
from boots.api.route import Route
from boots.api.routes import FORMS, TABLE
from boots.client import words, workflows

DOCUMENT = json.loads(openapi.encoded())
METHODS = {"get", "put", "post", "delete"}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def test_it_has_what_openapi_wants() -> None:
    assert "3.1.0" == DOCUMENT["openapi"]
    assert {"title", "version"} <= set(DOCUMENT["info"])
    assert all(path.startswith("/v1/") for path in DOCUMENT["paths"])
    assert METHODS >= {method for _, method, _ in operations()}


def test_every_route_is_described_and_nothing_else() -> None:
    described = {(method.upper(), path) for path, method, _ in operations()}
    table = {(route.method, route.path.replace("...}", "}")) for route in TABLE}

    assert described == table | {("GET", "/v1/openapi.json")}


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]

    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))

    assert found
    for each in found:
        place = DOCUMENT
        for part in each.removeprefix("#/").split("/"):
            place = place[part]


def test_every_named_part_of_a_path_is_a_parameter() -> None:
    for path, _, operation in operations():
        named = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"]
        assert re.findall(r"{(\w+)}", path) == named
    assert {name for route in TABLE for name, _ in openapi.parameters(route)} == set(FORMS)


def test_every_operation_says_what_it_answers() -> None:
    for path, _, operation in operations():
        answers = operation["responses"]
        assert any(status.startswith("2") for status in answers), path
        for answer in answers.values():
            assert "$ref" in answer or answer["description"]


def test_every_word_that_is_taken_or_given_has_a_schema() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for route in TABLE:
        for kind in (route.takes, route.gives):
            if isinstance(kind, type):
                assert set(kind.__struct_fields__) == set(schemas[kind.__name__]["properties"])
                assert schemas[kind.__name__]["description"]


def test_what_is_refused_in_a_body_is_refused_by_its_schema() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    taken = {route.takes.__name__ for route in TABLE if route.takes is not None}

    assert {name for name in taken if schemas[name].get("additionalProperties") is False} == taken


@pytest.mark.parametrize("route", TABLE, ids=lambda route: route.name)
def test_a_route_has_one_way_to_be_answered(route: Route) -> None:
    assert (route.handler is None) != (route.feed is None)
    assert (route.status == 204) == (route.gives is None)
    assert not route.spare or route.takes is not None


WRITTEN = {"named", "whose", "witnessed", "write_down"}


def test_all_of_the_desk_can_be_asked() -> None:
    """What has no route of its own: a token is looked at for every request, a change noted."""
    desk = {name for name in vars(Desk) if not name.startswith("_") and name not in WRITTEN}
    said = "\n".join(
        inspect.getsource(inspect.getmodule(made))  # type: ignore[arg-type]
        for made in {route.handler or route.feed for route in TABLE}
        if made is not None
    )

    assert set() == {name for name in desk if f"desk.{name}(" not in said}


@pytest.mark.parametrize(("module", "spare"), [(words, {"Page"}), (workflows, set())])
def test_the_words_are_used(module: ModuleType, spare: set[str]) -> None:
    schemas = set(DOCUMENT["components"]["schemas"])
    defined = {
        name
        for name, kind in vars(module).items()
        if isinstance(kind, type)
        and issubclass(kind, msgspec.Struct)
        and kind.__module__ == module.__name__
    }

    assert spare == defined - schemas
