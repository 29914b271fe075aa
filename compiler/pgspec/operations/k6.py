"""Load tests as scripts for k6: the requests that make an application run the queries."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

from pgspec.kinds import Limits, ParameterValues
from pgspec.load_tests import Load, LoadEntry, placeholders
from pgspec.operations.pgbench import one_line
from pgspec.program import Program
from pgspec.sql import remark

_METRICS = {"p50_ms": "p(50)<={}", "p95_ms": "p(95)<={}", "p99_ms": "p(99)<={}"}


def k6_scripts(program: Program) -> dict[str, str]:
    """The scripts by path under generated/, of those load tests that have a request."""
    return {f"load/{load.spec.name}/k6.js": _script(load) for load in program.loads if _asking(load)}


def _asking(load: Load) -> list[LoadEntry]:
    return [entry for entry in load.entries if entry.spec.http is not None]


def _script(load: Load) -> str:
    spec, entries = load.spec, _asking(load)
    place = load.document.at("name")
    needed: dict[str, ParameterValues] = {}
    lines = []
    for entry in entries:
        request = entry.spec.http
        assert request is not None
        used = list(dict.fromkeys(placeholders([request.path, request.headers, request.body])))
        needed |= {_key(load, entry, name): entry.values[name] for name in used}
        parts = {
            "name": entry.spec.name,
            "weight": entry.spec.weight,
            "method": request.method,
            "path": request.path,
            "headers": request.headers,
            "body": request.body,
        }
        shown = ", ".join(f"{key}: {_js(value)}" for key, value in parts.items())
        values = ", ".join(f"{_js(name)}: values[{_js(_key(load, entry, name))}]" for name in used)
        lines.append(f"  {{{shown}, parameters: {{{values}}}}},")
    given = [_given(name, source) for name, source in needed.items() if source.query is not None]
    command = " ".join(["k6 run -e BASE_URL=https://api.example", *given, "k6.js"])
    limits = dict(_thresholds(load, entries))
    options = {
        "vus": spec.clients,
        "duration": f"{spec.duration.seconds}s",
        "summaryTrendStats": ["avg", "med", "p(95)", "p(99)", "max"],
        "thresholds": limits,
    }
    return "\n".join(
        [
            _comment(
                f"k6.js: the requests of the load test {spec.name}, printed by pgspec from {place.path}:{place.line}"
            ),
            _comment(f"run: {command}"),
            _HEAD,
            f"export const options = {json.dumps(options, indent=2, ensure_ascii=True)};",
            "",
            "const values = {",
            *(f"  {_js(name)}: {_values(name, source)}," for name, source in needed.items()),
            "};",
            "",
            "const mix = [",
            *lines,
            "];",
            _BODY,
        ]
    )


def _key(load: Load, entry: LoadEntry, name: str) -> str:
    """What the values of a parameter are called: those that an entry has for itself by its name too."""
    return f"{entry.spec.name}.{name}" if name in entry.spec.parameters else name


def _variable(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def _values(name: str, source: ParameterValues) -> str:
    """An expression for a function that chooses a value."""
    if source.range is not None:
        return f"between({source.range[0]}, {source.range[1]})"
    if source.values is not None:
        return f"oneOf({_js(source.values)})"
    return f"oneOf(given({_js(_variable(name))}))"


def _given(name: str, source: ParameterValues) -> str:
    """The option of k6 that gives the values of a query."""
    query = f"SELECT json_agg(v) FROM ({one_line(source.query or '')}) AS q (v)"
    return f'-e {_variable(name)}="$(psql -AtX -c {shlex.quote(query)} "$DATABASE_URL")"'


def _comment(text: str) -> str:
    """A comment that no line break can end."""
    return "//" + remark(text).removeprefix("--")


def _thresholds(load: Load, entries: list[LoadEntry]) -> Iterator[tuple[str, list[str]]]:
    """Name of a metric -> expressions that must hold."""
    known = {entry.spec.name for entry in entries}
    for name, limits in {"errors": Limits(errors=0), **load.spec.thresholds}.items():
        if name != "errors" and name not in known:
            continue
        tag = "" if name == "errors" else f"{{entry:{name}}}"
        checks = [text.format(f"{value:g}") for key, text in _METRICS.items() if (value := getattr(limits, key))]
        if checks:
            yield f"http_req_duration{tag}", checks
        if limits.tps is not None:
            yield f"http_reqs{tag}", [f"rate>={limits.tps:g}"]
        if limits.errors is not None:
            yield f"errors{tag}", [f"count<={limits.errors}"]


def _js(value: Any) -> str:
    """A value as JavaScript: JSON in ASCII is a part of it."""
    return json.dumps(value, ensure_ascii=True)


_HEAD = """\
import http from 'k6/http';
import { check } from 'k6';
import { Counter } from 'k6/metrics';

const base = (__ENV.BASE_URL || '').replace(/\\/+$/, '');
if (!base) {
  throw new Error('BASE_URL is not set: k6 run -e BASE_URL=https://api.example ...');
}
const errors = new Counter('errors');

function given(name) {
  const found = JSON.parse(__ENV[name] || '[]');
  if (!Array.isArray(found) || !found.length) {
    throw new Error(`${name} is not set: a JSON array of values, see the head of this file`);
  }
  return found;
}

const oneOf = (list) => () => list[Math.floor(Math.random() * list.length)];
const between = (first, last) => () => first + Math.floor(Math.random() * (last - first + 1));
"""

_BODY = r"""
const total = mix.reduce((sum, entry) => sum + entry.weight, 0);

function chosen() {
  let left = Math.random() * total;
  return mix.find((entry) => (left -= entry.weight) < 0) || mix[mix.length - 1];
}

// Puts values in the places of {name}, the same in all places of one request.
// A text that is nothing but a place becomes the value as it is, a number or a text.
function filled(part, taken, encode) {
  if (typeof part === 'string') {
    const whole = part.match(/^\{(\w+)\}$/);
    if (whole && Object.prototype.hasOwnProperty.call(taken, whole[1])) {
      return encode(taken[whole[1]]);
    }
    return part.replace(/\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, name) =>
      Object.prototype.hasOwnProperty.call(taken, name) ? String(encode(taken[name])) : whole,
    );
  }
  if (Array.isArray(part)) {
    return part.map((item) => filled(item, taken, encode));
  }
  if (part !== null && typeof part === 'object') {
    return Object.fromEntries(
      Object.entries(part).map(([key, item]) => [filled(key, taken, encode), filled(item, taken, encode)]),
    );
  }
  return part;
}

export default function () {
  const entry = chosen();
  const taken = Object.fromEntries(Object.entries(entry.parameters).map(([name, choose]) => [name, choose()]));
  const as_is = (value) => value;
  const url = base + filled(entry.path, taken, encodeURIComponent);
  const headers = filled(entry.headers, taken, String);
  let body = filled(entry.body, taken, as_is);
  if (body !== null && typeof entry.body !== 'string') {
    body = JSON.stringify(body);
    if (!Object.keys(headers).some((name) => name.toLowerCase() === 'content-type')) {
      headers['Content-Type'] = 'application/json';
    }
  }
  // `name` keeps URLs that differ in values in one time series.
  const tags = { entry: entry.name, name: `${entry.method} ${entry.path}` };
  const response = http.request(entry.method, url, body, { headers, tags });
  const fine = check(response, { 'status is below 400': (r) => r.status > 0 && r.status < 400 }, tags);
  errors.add(fine ? 0 : 1, tags);
}
"""
