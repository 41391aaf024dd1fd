"""The API's description, OpenAPI 3.1, made from the table and the words."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from boots import __version__
from boots.api.problems import MEDIA
from boots.api.reading import Param
from boots.api.route import Route, Tag
from boots.api.routes import FORMS, TABLE
from boots.api.streams import MEDIA as STREAM
from boots.client.words import Problem

PATH = "/v1/openapi.json"
_REFS = "#/components/schemas/{name}"
_JSON = "application/json"
_DESCRIPTION = """What operators and their programs can ask of a Boots server.

Bodies are JSON.  Moments are in seconds since 1970 UTC, sizes in bytes.  What is wrong is told as
`application/problem+json` (RFC 9457).  On a loopback address no token is needed unless
`operator.tokens_required` is set."""
_WHY: Mapping[int, str] = {
    400: "It cannot be read: path, query, headers or JSON",
    401: "A token is needed, or this one is not good",
    403: "The token's role is too small, or a page of another site asks",
    404: "There is no such thing",
    408: "The body did not arrive in time",
    409: "It cannot be done as things are: it is there already, or stands in a file",
    412: "It was changed since; get it again",
    413: "The body is too large",
    415: "The body is no JSON",
    421: "The server is not known by this name",
    422: "The body is JSON, but not this; `errors` names fields",
    429: "Too many wrong tokens",
    500: "A fault of the server",
    502: "The machine's BMC does not do it",
    503: "Too many streams are open",
}


def encoded() -> bytes:
    """The document as it is served."""
    return msgspec.json.encode(document())


def document() -> dict[str, Any]:
    """The whole of it."""
    paths: dict[str, dict[str, Any]] = {}
    for route in TABLE:
        operations = paths.setdefault(route.path.replace("...}", "}"), {})
        operations[route.method.lower()] = _operation(route)
    paths[PATH] = {"get": _own()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Boots",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "responses": {f"Problem{status}": _problem(status) for status in _WHY},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`boots token create NAME --role ROLE` makes one.",
                },
                "cookie": {"type": "apiKey", "in": "cookie", "name": "boots_token"},
            },
        },
    }


def refusals(route: Route) -> list[int]:
    """The statuses that a route can refuse with."""
    found = {400, 401, 403, 421, 429, 500, *route.refuses}
    if "{" in route.path or route.path == "/v1/boots":
        found.add(404)
    if route.takes is not None:
        found |= {408, 413, 415, 422}
    if route.matched:
        found.add(412)
    if route.feed is not None:
        found.add(503)
    return sorted(found)


def parameters(route: Route) -> Iterable[tuple[str, str]]:
    """The named parts of a route's path, and what they are."""
    for part in route.path.split("/"):
        if part.startswith("{"):
            name = part.strip("{}").removesuffix("...")
            yield name, FORMS[name]


def _operation(route: Route) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.path.split("/")[2]],
        "parameters": [*_path(route), *map(_query, route.query), *_headers(route)],
        "responses": {str(route.status): _answer(route)},
    }
    if route.role is not None:
        made["description"] = f"Needs the role `{route.role.value}`."
        made["security"] = [{"token": []}, {"cookie": []}, {}]
    if route.tag is not Tag.NONE and route.method == "GET":
        made["responses"]["304"] = {"description": "It is what `If-None-Match` names"}
    for status in refusals(route):
        made["responses"][str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    if route.takes is not None:
        made["requestBody"] = {
            "required": not route.spare,
            "content": {_JSON: {"schema": _ref(route.takes)}},
        }
    return made


def _path(route: Route) -> Iterable[dict[str, Any]]:
    for name, meaning in parameters(route):
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": meaning,
            "schema": {"type": "string"},
        }


def _query(param: Param) -> dict[str, Any]:
    schema: dict[str, Any] = {"default": param.default}
    match param.default:
        case bool():
            schema["type"] = "boolean"
        case int():
            schema |= {"type": "integer", "minimum": param.least, "maximum": param.most}
            if param.default < param.least:
                del schema["default"]
        case float():
            schema |= {"type": "number", "minimum": 0}
        case _:
            schema["type"] = "string"
            if param.words:
                schema["enum"] = ["", *param.words]
    return {"name": param.name, "in": "query", "description": param.meaning, "schema": schema}


def _headers(route: Route) -> Iterable[dict[str, Any]]:
    wanted = {
        "If-None-Match": (
            route.tag is not Tag.NONE and route.method == "GET",
            "the ETag of an answer that you have: if it is still the same, 304 comes alone",
        ),
        "If-Match": (
            route.matched,
            "the ETag of the machine as you saw it: if its record changed since, 412",
        ),
        "Idempotency-Key": (
            route.once,
            "a word of your own: asked again with it, the same answer comes and nothing is done",
        ),
        "Last-Event-ID": (
            route.name in {"follow_events", "follow_run"},
            "go on after this id; wins over `after`",
        ),
    }
    for name, (is_heeded, meaning) in wanted.items():
        if is_heeded:
            schema = {"type": "string"}
            yield {"name": name, "in": "header", "description": meaning, "schema": schema}


def _answer(route: Route) -> dict[str, Any]:
    made: dict[str, Any] = {"description": route.summary if route.status < 204 else "Done"}
    headers: dict[str, Any] = {}
    if route.tag is not Tag.NONE:
        headers["ETag"] = {"schema": {"type": "string"}}
    if route.status == 201:
        headers["Location"] = {"schema": {"type": "string"}}
    if any(param.name == "limit" for param in route.query):
        headers["Link"] = {
            "schema": {"type": "string"},
            "description": 'the next page, with rel="next"',
        }
    if headers:
        made["headers"] = headers
    if route.feed is not None and isinstance(route.gives, type):
        schema = {"type": "string", "description": f"`data` has {route.gives.__name__}"}
        made["content"] = {STREAM: {"schema": schema}}
    elif isinstance(route.gives, str):
        made["content"] = {route.gives: {"schema": {"type": "string"}}}
    elif route.gives is not None:
        made["content"] = {_JSON: {"schema": _ref(route.gives)}}
    return made


def _own() -> dict[str, Any]:
    return {
        "operationId": "openapi",
        "summary": "This description",
        "tags": ["openapi.json"],
        "security": [{}],
        "responses": {
            "200": {
                "description": "OpenAPI 3.1",
                "content": {_JSON: {"schema": {"type": "object"}}},
            }
        },
    }


def _problem(status: int) -> dict[str, Any]:
    return {"description": _WHY[status], "content": {MEDIA: {"schema": _ref(Problem)}}}


def _ref(kind: type) -> dict[str, str]:
    return {"$ref": _REFS.format(name=kind.__name__)}


def _schemas() -> dict[str, Any]:
    """The schemas of all words that are taken and given."""
    kinds = dict.fromkeys(
        kind for route in TABLE for kind in (route.takes, route.gives) if isinstance(kind, type)
    )
    _, found = msgspec.json.schema_components([*kinds, Problem], ref_template=_REFS)
    taken = {route.takes.__name__ for route in TABLE if route.takes is not None}
    for name, schema in found.items():
        if "description" in schema:
            schema["description"] = inspect.cleandoc(schema["description"])
        if name in taken:
            schema["additionalProperties"] = False
    return found
