// k6.js: the requests of the load test search, printed by pgspec from specs/load/search.yaml:3
// run: k6 run -e BASE_URL=https://api.example -e SPECIALTY_ID="$(psql -AtX -c 'SELECT json_agg(v) FROM (SELECT id FROM specialties WHERE is_active) AS q (v)' "$DATABASE_URL")" -e VENDOR_ID="$(psql -AtX -c 'SELECT json_agg(v) FROM (SELECT id FROM profiles WHERE role = '"'"'vendor'"'"') AS q (v)' "$DATABASE_URL")" k6.js
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
  "vus": 8,
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
      "count<=0"
    ],
    "http_req_duration{entry:search}": [
      "p(95)<=300"
    ]
  }
};

const values = {
  "specialty_id": oneOf(given("SPECIALTY_ID")),
  "vendor_id": oneOf(given("VENDOR_ID")),
  "round": between(1, 1000000),
};

const mix = [
  {name: "search", weight: 9, method: "GET", path: "/search?specialty={specialty_id}", headers: {}, body: null, parameters: {"specialty_id": values["specialty_id"]}},
  {name: "update_vendor", weight: 1, method: "PATCH", path: "/vendors/{vendor_id}", headers: {}, body: {"business_name": "Vendor {round}"}, parameters: {"vendor_id": values["vendor_id"], "round": values["round"]}},
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
