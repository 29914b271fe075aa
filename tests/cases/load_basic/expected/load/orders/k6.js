// k6.js: the requests of the load test orders, printed by pgspec from specs/load.yaml:2
// run: k6 run -e BASE_URL=https://api.example -e CITY_ID="$(psql -AtX -c 'SELECT json_agg(v) FROM (SELECT id FROM cities) AS q (v)' "$DATABASE_URL")" k6.js
import http from 'k6/http';
import { check } from 'k6';
import { Counter } from 'k6/metrics';

const base = (__ENV.BASE_URL || '').replace(/\/+$/, '');
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

export const options = {
  "vus": 4,
  "duration": "30s",
  "summaryTrendStats": [
    "avg",
    "med",
    "p(95)",
    "p(99)",
    "max"
  ],
  "thresholds": {
    "errors": [
      "count<=2"
    ],
    "http_req_duration{entry:orders_of_city}": [
      "p(95)<=300"
    ],
    "http_reqs{entry:orders_of_city}": [
      "rate>=10.5"
    ],
    "http_req_duration{entry:add_order}": [
      "p(50)<=20",
      "p(99)<=500"
    ],
    "errors{entry:add_order}": [
      "count<=2"
    ]
  }
};

const values = {
  "city_id": oneOf(given("CITY_ID")),
  "limit": between(1, 1000),
  "note": oneOf(["a:b", "it's", "x\\y", 7]),
};

const mix = [
  {name: "orders_of_city", weight: 9, method: "GET", path: "/orders?city={city_id}&below={limit}", headers: {}, body: null, parameters: {"city_id": values["city_id"], "limit": values["limit"]}},
  {name: "add_order", weight: 1, method: "POST", path: "/orders", headers: {"X-Note": "{note}"}, body: {"city_id": "{city_id}", "lines": [{"note": "for {note}", "amount": 1}]}, parameters: {"note": values["note"], "city_id": values["city_id"]}},
];

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
