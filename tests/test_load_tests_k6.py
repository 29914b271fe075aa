"""The printed k6 script: it is typed as k6's own types say, and run in Node against an HTTP server, with k6's modules
replaced by ones that make the requests and write down what the script says of them."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import node
from pgspec.compile import compile_project
from pgspec.sources import from_texts

SCHEMA = "CREATE TABLE cities (id bigint PRIMARY KEY, name text NOT NULL);\n"
LOAD = r"""kind: load_test
name: cities
clients: 4
duration: 90s
parameters:
  city_id: {query: "SELECT id FROM cities -- all\n WHERE name <> ';'"}
  n: {range: [3, 5]}
  word: {values: ["a b&c=d/\u2028?#", 7, true, "{n}", "__proto__"]}
mix:
  - name: find
    weight: 3
    query: SELECT name FROM cities WHERE id = :city_id LIMIT :n
    http: {path: "/cities/{city_id}?q={word}&n={n}&brace={other", headers: {X-Word: "w-{n}"}}
  - name: add
    query: SELECT 1 AS one
    http:
      method: POST
      path: /cities
      body: {id: "{n}", word: "{word}", text: "n is {n}", list: ["{n}", null, 1.5], constructor: "{toString}"}
    parameters: {n: {values: [41]}, toString: {values: [t]}}
  - {name: text, query: SELECT 1 AS one, http: {method: PUT, path: /text, body: "{n}", headers: {content-type: a/b}}}
  - {name: broken, query: SELECT 1 AS one, http: {method: DELETE, path: /broken}}
  - {name: not_asked, query: SELECT 1 AS one}
thresholds:
  find: {p50_ms: 100, p95_ms: 300, p99_ms: 500.5, tps: 2}
  add: {errors: 1}
  not_asked: {p95_ms: 1}
  errors: 3
"""
STUBS = {
    "k6.mjs": "export const check = (value, tests) => Object.values(tests).every((test) => test(value));\n",
    "metrics.mjs": """\
export const added = [];
export class Counter {
  constructor(name) { this.name = name; }
  add(value, tags) { added.push({ metric: this.name, value, tags }); }
}
""",
    "http.mjs": """\
import { Worker } from 'node:worker_threads';
export const asked = [];
const status = new Int32Array(new SharedArrayBuffer(4));
const program = `
  const { parentPort, workerData } = require('node:worker_threads');
  parentPort.on('message', async ({ url, ...request }) => {
    Atomics.store(workerData, 0, (await fetch(url, request)).status);
    Atomics.notify(workerData, 0);
  });
`;
const worker = new Worker(program, { eval: true, workerData: status });
worker.unref();
export default {
  request(method, url, body, parameters) {
    asked.push({ method, url, tags: parameters.tags });
    Atomics.store(status, 0, 0);
    worker.postMessage({ url, method, body: body === null ? undefined : body, headers: parameters.headers });
    Atomics.wait(status, 0, 0, 60000);
    return { status: status[0] };
  },
};
""",
    "run.mjs": """\
globalThis.__ENV = JSON.parse(process.argv[2]);
const times = Number(process.argv[3]);
const script = await import('./k6.mjs.js');
const { added } = await import('./metrics.mjs');
const { asked } = await import('./http.mjs');
for (let n = 0; n < times; n += 1) script.default();
console.log(JSON.stringify({ options: script.options, asked, added }));
""",
}


def printed(load: str = LOAD) -> str:
    texts = {"specs/project.yaml": "kind: project\nname: shop\n", "specs/schema.sql": SCHEMA, "specs/load.yaml": load}
    result = compile_project(from_texts(texts))
    assert result.diagnostics == ()
    return result.files["generated/load/cities/k6.js"]


class _Handler(BaseHTTPRequestHandler):
    seen: list[dict[str, Any]]

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.seen.append({"method": self.command, "path": self.path, "headers": headers, "body": body})
        self.send_response(500 if self.path.endswith("/broken") else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - as the library calls them

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def service() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of an HTTP server, and what it was asked."""
    seen: list[dict[str, Any]] = []
    handler = type("Handler", (_Handler,), {"seen": seen})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", seen
        server.shutdown()
        thread.join()


def run(folder: Path, script: str, environment: dict[str, str], times: int) -> subprocess.CompletedProcess[str]:
    for name, text in STUBS.items():
        (folder / name).write_text(text, "utf-8")
    for module, stub in (("k6/http", "http"), ("k6/metrics", "metrics"), ("k6", "k6")):
        script = script.replace(f"from '{module}';", f"from './{stub}.mjs';")
    (folder / "package.json").write_text('{"type": "module"}\n')
    (folder / "k6.mjs.js").write_text(script, "utf-8")
    command = [node.find_node(), "run.mjs", json.dumps(environment), str(times)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


def test_the_requests_are_those_of_the_spec(tmp_path: Path, service: tuple[str, list[dict[str, Any]]]) -> None:
    """Each entry is asked as often as its weight says, with values in their places, of the right type and escaped."""
    address, seen = service
    done = run(tmp_path, printed(), {"BASE_URL": f"{address}/api/", "CITY_ID": '[11, "x/y"]'}, 60)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(seen) == 60 == len(told["asked"])
    by_entry: dict[str, list[dict[str, Any]]] = {}
    for asked, request in zip(told["asked"], seen, strict=True):
        by_entry.setdefault(asked["tags"]["entry"], []).append(request)
    assert set(by_entry) == {"find", "add", "text", "broken"}
    assert 15 <= len(by_entry["find"]) <= 45  # 30 on average; six sigmas are 23
    finds = [urlsplit(request["path"]) for request in by_entry["find"]]
    assert {found.path for found in finds} == {"/api/cities/11", "/api/cities/x%2Fy"}
    queries = [parse_qs(found.query) for found in finds]
    assert {query["q"][0] for query in queries} <= {"a b&c=d/\u2028?#", "7", "true", "{n}", "__proto__"}
    assert {query["n"][0] for query in queries} == {"3", "4", "5"}
    assert {query["brace"][0] for query in queries} == {"{other"}
    for request, query in zip(by_entry["find"], queries, strict=True):
        assert (request["method"], request["headers"]["x-word"]) == ("GET", f"w-{query['n'][0]}")
    for request in by_entry["add"]:
        body = json.loads(request["body"])
        assert (request["method"], request["path"]) == ("POST", "/api/cities")
        assert request["headers"]["content-type"] == "application/json"
        assert body.pop("word") in ["a b&c=d/\u2028?#", 7, True, "{n}", "__proto__"]
        assert body == {"id": 41, "text": "n is 41", "list": [41, None, 1.5], "constructor": "t"}
    for request in by_entry["text"]:
        assert (request["method"], request["headers"]["content-type"]) == ("PUT", "a/b")
        assert request["body"] in ("3", "4", "5")


def test_what_is_measured(tmp_path: Path, service: tuple[str, list[dict[str, Any]]]) -> None:
    """Thresholds are those of the spec; URLs of one entry are one series; what fails is counted."""
    done = run(tmp_path, printed(), {"BASE_URL": service[0], "CITY_ID": "[1]"}, 40)
    told = json.loads(done.stdout)
    assert (told["options"]["vus"], told["options"]["duration"]) == (4, "90s")
    assert told["options"]["thresholds"] == {
        "errors": ["count<=3"],
        "http_req_duration{entry:find}": ["p(50)<=100", "p(95)<=300", "p(99)<=500.5"],
        "http_reqs{entry:find}": ["rate>=2"],
        "errors{entry:add}": ["count<=1"],
    }
    names = {(asked["tags"]["entry"], asked["tags"]["name"]) for asked in told["asked"]}
    assert names <= {
        ("find", "GET /cities/{city_id}?q={word}&n={n}&brace={other"),
        ("add", "POST /cities"),
        ("text", "PUT /text"),
        ("broken", "DELETE /broken"),
    }
    assert all(entry["metric"] == "errors" for entry in told["added"])
    failed = Counter(entry["tags"]["entry"] for entry in told["added"] if entry["value"] == 1)
    assert failed == Counter(asked["tags"]["entry"] for asked in told["asked"] if asked["tags"]["entry"] == "broken")
    assert len(told["added"]) == len(told["asked"]) == 40


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"CITY_ID": "[1]"}, "BASE_URL is not set"),
        ({"BASE_URL": "http://127.0.0.1:1"}, "CITY_ID is not set"),
        ({"BASE_URL": "http://127.0.0.1:1", "CITY_ID": "[]"}, "CITY_ID is not set"),
        ({"BASE_URL": "http://127.0.0.1:1", "CITY_ID": "7"}, "CITY_ID is not set"),
    ],
)
def test_what_is_missing_is_said(environment: dict[str, str], said: str, tmp_path: Path) -> None:
    done = run(tmp_path, printed(), environment, 1)
    assert done.returncode != 0
    assert said in done.stderr


def test_the_script_fits_the_types_of_k6(tmp_path: Path) -> None:
    """Also shows that a slip would be seen: an option that k6 does not know, a call that it does not have."""
    strict = ("--noEmit", "--skipLibCheck", "--checkJs", "--allowJs", "--target", "es2022", "--module", "esnext",
              "--types", "k6", "--moduleResolution", "bundler", "--strict", "--noImplicitAny", "false")  # fmt: skip
    script = printed(LOAD.replace("toString", "other"))
    folder = node.node_folder(tmp_path, {"k6.js": script.replace("export const options = {", _TYPED)})
    assert node.tsc(folder, "k6.js", strict=strict) == []
    text = script.replace("export const options = {", _TYPED)
    for slip in (("http.request(", "http.ask("), ('"vus": 4', '"vu": 4'), ("errors.add(", "errors.increase(")):
        assert slip[0] in text
        text = text.replace(*slip)
    (folder / "k6.js").write_text(text, "utf-8")
    assert len({line for _, line, _ in node.tsc(folder, "k6.js", strict=strict)}) == 3


_TYPED = "/** @type {import('k6/options').Options} */\nexport const options = {"


def test_the_head_gives_a_command_that_works(tmp_path: Path) -> None:
    """What the head says to run has the values of a query as one word, whatever is in the query."""
    script = printed()
    command = script.split("\n")[1].removeprefix("// run: ")
    assert "-- all" not in command
    for name, body in {"psql": 'printf "%s" "$*"\n', "k6": 'printf "%s\\n" "$@"\n'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}")
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "DATABASE_URL": "postgresql://d"}
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=environment, check=True)
    query = "SELECT json_agg(v) FROM (SELECT id FROM cities WHERE name <> ';') AS q (v)"
    assert done.stdout.split("\n")[:6] == [
        "run", "-e", "BASE_URL=https://api.example", "-e", f"CITY_ID=-AtX -c {query} postgresql://d", "k6.js",
    ]  # fmt: skip


def test_a_load_test_without_requests_has_no_script() -> None:
    load = "kind: load_test\nname: cities\nduration: 1s\nmix: [{name: one, query: SELECT 1 AS one}]\n"
    texts = {"specs/project.yaml": "kind: project\nname: shop\n", "specs/load.yaml": load}
    files = compile_project(from_texts(texts)).files
    assert [path for path in files if path.startswith("generated/load/")] == ["generated/load/cities/one.sql"]
