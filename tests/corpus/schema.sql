-- One schema for the corpus of views: a forum, a package registry, a code host, campaign finance and a few tables
-- whose constraints promise less than they seem to.  Runs on PostgreSQL 15.

CREATE TYPE issue_state AS ENUM ('opened', 'closed', 'locked');
CREATE TYPE namespace_kind AS ENUM ('group', 'user');
CREATE DOMAIN email_address AS text CHECK (VALUE LIKE '%@%');
-- A NOT NULL domain does not keep NULL out of a column: a scalar subquery without rows gets past it.
CREATE DOMAIN required_text AS text NOT NULL;

CREATE TABLE countries (
    code char(2) PRIMARY KEY,
    name text NOT NULL UNIQUE,
    continent text
);

CREATE TABLE orgs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    name text NOT NULL,
    country_code char(2) REFERENCES countries (code),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX orgs_lower_name_key ON orgs (lower(name));

CREATE TABLE users (
    id bigint PRIMARY KEY,
    org_id bigint NOT NULL REFERENCES orgs (id),
    email email_address NOT NULL,
    handle text NOT NULL,
    nickname required_text,
    locale text,
    invited_by bigint REFERENCES users (id),
    created_at timestamptz NOT NULL,
    deleted_at timestamptz,
    prefs jsonb NOT NULL DEFAULT '{}',
    tags text[] NOT NULL DEFAULT '{}',
    UNIQUE (org_id, handle)
);
CREATE UNIQUE INDEX users_live_email_key ON users (email) WHERE deleted_at IS NULL;

CREATE TABLE profiles (
    id bigint PRIMARY KEY,
    user_id bigint UNIQUE REFERENCES users (id),
    city text,
    score numeric,
    bio text
);

CREATE TABLE follows (
    follower_id bigint NOT NULL REFERENCES users (id),
    followee_id bigint NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (follower_id, followee_id)
);

-- A community of this server has no host.
CREATE TABLE communities (
    id integer PRIMARY KEY,
    name text NOT NULL,
    host text,
    UNIQUE NULLS NOT DISTINCT (name, host)
);

CREATE TABLE posts (
    id bigint PRIMARY KEY,
    community_id integer NOT NULL REFERENCES communities (id),
    author_id bigint REFERENCES users (id) ON DELETE SET NULL,
    title text NOT NULL,
    body text,
    url text,
    removed boolean NOT NULL DEFAULT false,
    featured_slot integer,
    published_at timestamptz NOT NULL,
    published_day date GENERATED ALWAYS AS ((published_at AT TIME ZONE 'UTC')::date) STORED
);
CREATE UNIQUE INDEX posts_featured_slot_key ON posts (community_id, featured_slot) WHERE featured_slot IS NOT NULL;
CREATE INDEX posts_author_id_idx ON posts (author_id);

CREATE TABLE comments (
    id bigint PRIMARY KEY,
    post_id bigint NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    author_id bigint NOT NULL REFERENCES users (id),
    parent_id bigint REFERENCES comments (id),
    body text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE votes (
    voter_id bigint NOT NULL REFERENCES users (id),
    post_id bigint NOT NULL REFERENCES posts (id),
    value smallint NOT NULL CHECK (value IN (-1, 1)),
    PRIMARY KEY (voter_id, post_id)
);

CREATE TABLE tags (
    id integer PRIMARY KEY,
    name text NOT NULL
);
CREATE UNIQUE INDEX tags_lower_name_key ON tags (lower(name));

CREATE TABLE post_tags (
    post_id bigint NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    tag_id integer NOT NULL REFERENCES tags (id),
    PRIMARY KEY (post_id, tag_id)
);

CREATE TABLE packages (
    name text PRIMARY KEY,
    owner_id bigint NOT NULL REFERENCES users (id),
    description text
);

CREATE TABLE versions (
    id integer PRIMARY KEY,
    package text NOT NULL REFERENCES packages (name),
    semver text NOT NULL,
    major integer NOT NULL,
    minor integer NOT NULL,
    yanked boolean NOT NULL DEFAULT false,
    released_at timestamptz NOT NULL,
    UNIQUE (package, semver)
);

CREATE TABLE downloads (
    version_id integer NOT NULL REFERENCES versions (id),
    day date NOT NULL,
    downloads integer NOT NULL,
    PRIMARY KEY (version_id, day)
);

-- Paths of namespaces at the top repeat, because NULL is distinct from NULL.
CREATE TABLE namespaces (
    id integer PRIMARY KEY,
    parent_id integer REFERENCES namespaces (id),
    kind namespace_kind NOT NULL,
    path text NOT NULL,
    UNIQUE (parent_id, path)
);
CREATE UNIQUE INDEX namespaces_user_path_key ON namespaces (path) WHERE kind = 'user';

CREATE TABLE memberships (
    user_id bigint NOT NULL REFERENCES users (id),
    namespace_id integer NOT NULL REFERENCES namespaces (id),
    access_level integer NOT NULL,
    expires_on date,
    PRIMARY KEY (user_id, namespace_id)
);

CREATE TABLE projects (
    id integer PRIMARY KEY,
    namespace_id integer NOT NULL REFERENCES namespaces (id),
    name text NOT NULL,
    archived boolean NOT NULL DEFAULT false,
    UNIQUE (namespace_id, name)
);

CREATE TABLE issues (
    id bigint PRIMARY KEY,
    project_id integer NOT NULL REFERENCES projects (id),
    iid integer NOT NULL,
    state issue_state NOT NULL DEFAULT 'opened',
    author_id bigint REFERENCES users (id),
    labels text[],
    weight integer,
    created_at timestamptz NOT NULL,
    closed_at timestamptz,
    CONSTRAINT issues_closed_at_present CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    UNIQUE (project_id, iid)
);

CREATE TABLE builds (
    id bigint NOT NULL,
    started_on date NOT NULL,
    project_id integer NOT NULL REFERENCES projects (id),
    status text NOT NULL,
    runner text,
    duration_s double precision NOT NULL,
    PRIMARY KEY (id, started_on)
) PARTITION BY RANGE (started_on);
CREATE TABLE builds_2024 PARTITION OF builds FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE builds_rest PARTITION OF builds DEFAULT;

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id bigint REFERENCES users (id),
    device text,
    started_at timestamp NOT NULL,
    ended_at timestamp
);

CREATE TABLE page_views (
    id bigint PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions (id),
    path text NOT NULL,
    referrer text,
    payload jsonb NOT NULL,
    viewed_at timestamp NOT NULL
);

CREATE TABLE plans (
    plan text NOT NULL,
    valid_from date NOT NULL,
    amount numeric NOT NULL,
    PRIMARY KEY (plan, valid_from)
);

CREATE TABLE subscriptions (
    id integer PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id),
    plan text NOT NULL,
    started_on date NOT NULL,
    ended_on date,
    UNIQUE (user_id, started_on)
);
CREATE UNIQUE INDEX subscriptions_current_key ON subscriptions (user_id) WHERE ended_on IS NULL;

-- The foreign key was never validated: invoices of users who are gone remain.
CREATE TABLE legacy_invoices (
    id integer PRIMARY KEY,
    user_id bigint NOT NULL UNIQUE,
    total numeric NOT NULL
);
ALTER TABLE legacy_invoices ADD FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;

CREATE TABLE committees (
    committee_id text NOT NULL,
    cycle smallint NOT NULL,
    name text NOT NULL,
    state char(2),
    PRIMARY KEY (committee_id, cycle)
);

CREATE TABLE receipts (
    sub_id numeric PRIMARY KEY,
    committee_id text NOT NULL,
    cycle smallint NOT NULL,
    contributor_state text,
    amount numeric NOT NULL,
    received_on date,
    FOREIGN KEY (committee_id, cycle) REFERENCES committees (committee_id, cycle)
);

CREATE TABLE exchange_rates (
    currency text NOT NULL,
    day date NOT NULL,
    rate numeric NOT NULL,
    CONSTRAINT exchange_rates_once UNIQUE (currency, day) DEFERRABLE INITIALLY DEFERRED
);

-- A primary key binds a table, not the tables that inherit from it.
CREATE TABLE audit_entries (
    id integer PRIMARY KEY,
    message text NOT NULL
);
CREATE TABLE audit_entries_old () INHERITS (audit_entries);

CREATE TABLE settings (
    id integer PRIMARY KEY,
    name text UNIQUE,
    value jsonb,
    CONSTRAINT settings_name_present CHECK (name IS NOT NULL)
);

-- Numbers that are equal as double precision and different as numeric.
CREATE TABLE weights (
    weight numeric PRIMARY KEY,
    label text NOT NULL
);

CREATE TABLE readings (
    sensor_id integer NOT NULL,
    at timestamptz NOT NULL,
    value double precision,
    PRIMARY KEY (sensor_id, at)
);

-- Rows that are older than the CHECK may have no code.
CREATE TABLE offers (
    id integer PRIMARY KEY,
    code text UNIQUE,
    during daterange NOT NULL
);
ALTER TABLE offers ADD CONSTRAINT offers_code_present CHECK (code IS NOT NULL) NOT VALID;

CREATE VIEW live_users AS
SELECT id, org_id, email, handle, created_at FROM users WHERE deleted_at IS NULL;

CREATE VIEW post_scores AS
SELECT p.id AS post_id, p.community_id, p.author_id, coalesce(sum(v.value), 0) AS score, count(v.voter_id) AS votes
FROM posts p
LEFT JOIN votes v ON v.post_id = p.id
GROUP BY p.id;

CREATE VIEW current_subscriptions AS
SELECT s.id, s.user_id, s.plan, s.started_on FROM subscriptions s WHERE s.ended_on IS NULL;

CREATE MATERIALIZED VIEW package_downloads_daily AS
SELECT v.package, d.day, sum(d.downloads) AS downloads
FROM downloads d
JOIN versions v ON v.id = d.version_id
GROUP BY v.package, d.day;
CREATE UNIQUE INDEX package_downloads_daily_key ON package_downloads_daily (package, day);
