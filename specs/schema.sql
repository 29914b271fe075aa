-- The tables of the marketplace, which pgspec reads and does not own.  PostgreSQL 15, no extensions.

-- Roles belong to the whole server, so they are created only where they are missing.
DO $$
DECLARE
    api_role text;
BEGIN
    FOREACH api_role IN ARRAY ARRAY['anon', 'authenticated'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = api_role) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', api_role);
        END IF;
    END LOOP;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'service_role') THEN
        CREATE ROLE service_role NOLOGIN BYPASSRLS;
    END IF;
END
$$;

CREATE TABLE specialties (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    parent_id uuid REFERENCES specialties (id) ON DELETE SET NULL,
    slug text NOT NULL UNIQUE,
    name text NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT specialties_not_own_parent CHECK (parent_id <> id)
);
CREATE INDEX specialties_parent_id_idx ON specialties (parent_id);
COMMENT ON TABLE specialties IS 'What vendors do; a tree of two or three levels.';

CREATE TABLE locations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    city text,
    state text,
    country text,
    postal_code text,
    latitude double precision,
    longitude double precision,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT locations_country_is_iso CHECK (country ~ '^[A-Z]{2}$'),
    CONSTRAINT locations_latitude_range CHECK (latitude BETWEEN -90 AND 90),
    CONSTRAINT locations_longitude_range CHECK (longitude BETWEEN -180 AND 180),
    CONSTRAINT locations_whole_coordinates CHECK ((latitude IS NULL) = (longitude IS NULL))
);
CREATE INDEX locations_city_idx ON locations (country, state, city);
COMMENT ON TABLE locations IS 'Where something is, as far as it is known.';
COMMENT ON COLUMN locations.state IS 'NULL in countries that have no states.';
COMMENT ON COLUMN locations.country IS 'ISO 3166-1 alpha-2; NULL when geocoding failed.';

CREATE TABLE profiles (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    role text NOT NULL DEFAULT 'customer',
    status text NOT NULL DEFAULT 'active',
    display_name text,
    email text UNIQUE,
    business_name text,
    specialty_id uuid REFERENCES specialties (id) ON DELETE SET NULL,
    location_id uuid REFERENCES locations (id) ON DELETE SET NULL,
    verified_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT profiles_role_known CHECK (role IN ('customer', 'vendor', 'admin')),
    CONSTRAINT profiles_status_known CHECK (status IN ('active', 'paused', 'suspended', 'deleted')),
    CONSTRAINT profiles_vendor_has_business_name CHECK (role <> 'vendor' OR business_name IS NOT NULL)
);
CREATE INDEX profiles_vendors_by_specialty_idx ON profiles (specialty_id, location_id) WHERE role = 'vendor';
CREATE INDEX profiles_location_id_idx ON profiles (location_id);
COMMENT ON TABLE profiles IS 'Everyone who can sign in: customers, vendors and administrators.';
COMMENT ON COLUMN profiles.specialty_id IS 'The main specialty of a vendor; NULL until the vendor chose one.';

CREATE TABLE services (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    provider_id uuid NOT NULL REFERENCES profiles (id) ON DELETE CASCADE,
    specialty_id uuid REFERENCES specialties (id) ON DELETE SET NULL,
    name text NOT NULL,
    description text,
    price numeric(12, 2) NOT NULL,
    duration_minutes integer,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT services_name_once_per_provider UNIQUE (provider_id, name),
    CONSTRAINT services_of_provider UNIQUE (id, provider_id),
    CONSTRAINT services_price_not_negative CHECK (price >= 0),
    CONSTRAINT services_duration_positive CHECK (duration_minutes > 0)
);
CREATE INDEX services_specialty_id_idx ON services (specialty_id) WHERE is_active;
COMMENT ON COLUMN services.specialty_id IS 'NULL for work that no specialty describes.';

CREATE TABLE bookings (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    service_id uuid NOT NULL,
    provider_id uuid NOT NULL,
    customer_id uuid REFERENCES profiles (id) ON DELETE SET NULL,
    location_id uuid REFERENCES locations (id) ON DELETE SET NULL,
    status text NOT NULL DEFAULT 'requested',
    amount numeric(12, 2) NOT NULL,
    refunded_amount numeric(12, 2) NOT NULL DEFAULT 0,
    scheduled_at timestamptz,
    completed_at timestamptz,
    cancelled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT bookings_service_of_provider
        FOREIGN KEY (service_id, provider_id) REFERENCES services (id, provider_id) ON DELETE CASCADE,
    CONSTRAINT bookings_status_known
        CHECK (status IN ('requested', 'confirmed', 'completed', 'cancelled', 'no_show')),
    CONSTRAINT bookings_amount_not_negative CHECK (amount >= 0),
    CONSTRAINT bookings_refund_within_amount CHECK (refunded_amount BETWEEN 0 AND amount),
    CONSTRAINT bookings_completed_has_time CHECK ((status = 'completed') = (completed_at IS NOT NULL)),
    CONSTRAINT bookings_cancelled_has_time CHECK ((status = 'cancelled') = (cancelled_at IS NOT NULL))
);
CREATE INDEX bookings_provider_created_idx ON bookings (provider_id, created_at);
CREATE INDEX bookings_service_id_idx ON bookings (service_id);
CREATE INDEX bookings_customer_id_idx ON bookings (customer_id);
CREATE INDEX bookings_location_id_idx ON bookings (location_id);
CREATE INDEX bookings_completed_at_idx ON bookings (completed_at) WHERE completed_at IS NOT NULL;
COMMENT ON COLUMN bookings.customer_id IS 'NULL once the customer deleted the account.';
COMMENT ON COLUMN bookings.provider_id IS 'The provider of the service, repeated for tenancy; the foreign key keeps it true.';
COMMENT ON COLUMN bookings.location_id IS 'NULL for remote work.';

CREATE TABLE reviews (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    booking_id uuid NOT NULL UNIQUE REFERENCES bookings (id) ON DELETE CASCADE,
    rating smallint NOT NULL,
    body text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT reviews_rating_range CHECK (rating BETWEEN 1 AND 5)
);
CREATE INDEX reviews_created_at_idx ON reviews (created_at);

CREATE TABLE provider_events (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    provider_id uuid NOT NULL REFERENCES profiles (id) ON DELETE CASCADE,
    event_type text NOT NULL,
    viewer_id uuid REFERENCES profiles (id) ON DELETE SET NULL,
    session_id uuid,
    location_id uuid REFERENCES locations (id) ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT provider_events_type_known
        CHECK (event_type IN ('search_impression', 'profile_view', 'contact_click'))
);
CREATE INDEX provider_events_provider_created_idx ON provider_events (provider_id, created_at);
CREATE INDEX provider_events_created_at_brin ON provider_events USING brin (created_at);
COMMENT ON TABLE provider_events IS 'What visitors did with a provider; appended only.';
COMMENT ON COLUMN provider_events.viewer_id IS 'NULL for visitors who are not signed in.';
COMMENT ON COLUMN provider_events.session_id IS 'NULL for visitors who refuse cookies.';
COMMENT ON COLUMN provider_events.location_id IS 'Where the visitor was; often unknown.';

CREATE TABLE search_events (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    specialty_id uuid REFERENCES specialties (id) ON DELETE SET NULL,
    location_id uuid REFERENCES locations (id) ON DELETE SET NULL,
    viewer_id uuid REFERENCES profiles (id) ON DELETE SET NULL,
    query text,
    results_count integer NOT NULL DEFAULT 0,
    clicked_provider_id uuid REFERENCES profiles (id) ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT search_events_results_not_negative CHECK (results_count >= 0)
);
CREATE INDEX search_events_specialty_created_idx ON search_events (specialty_id, created_at);
CREATE INDEX search_events_created_at_brin ON search_events USING brin (created_at);
COMMENT ON COLUMN search_events.specialty_id IS 'NULL for free text without a filter.';

CREATE TABLE api_requests (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    endpoint text NOT NULL,
    method text NOT NULL,
    status_code integer NOT NULL,
    response_time_ms double precision,
    cache_hit boolean,
    database_queries integer,
    request_id text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT api_requests_method_known
        CHECK (method IN ('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS')),
    CONSTRAINT api_requests_status_range CHECK (status_code BETWEEN 100 AND 599),
    -- NaN sorts above infinity, so the upper bound keeps it out too.
    CONSTRAINT api_requests_time_finite CHECK (response_time_ms >= 0 AND response_time_ms < 'infinity'),
    CONSTRAINT api_requests_queries_not_negative CHECK (database_queries >= 0)
);
CREATE INDEX api_requests_created_at_brin ON api_requests USING brin (created_at);
CREATE INDEX api_requests_endpoint_idx ON api_requests (endpoint, method, created_at);
CREATE INDEX api_requests_request_id_idx ON api_requests (request_id) WHERE request_id IS NOT NULL;
COMMENT ON TABLE api_requests IS 'One row per request that the API answered, until performance_metrics took over.';
COMMENT ON COLUMN api_requests.endpoint IS 'The route, with placeholders: /providers/{id}.';
COMMENT ON COLUMN api_requests.response_time_ms IS 'NULL when the client went away before the answer.';
COMMENT ON COLUMN api_requests.cache_hit IS 'NULL for requests that are never cached.';
COMMENT ON COLUMN api_requests.database_queries IS 'NULL when the request was refused before the database.';

-- The back end: what runs with the service role is trusted with everything.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO service_role;
