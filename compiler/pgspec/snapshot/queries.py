"""The queries behind a snapshot: one for each kind of object, for PostgreSQL 15 and later."""

from __future__ import annotations

from collections.abc import Sequence

# Asked where the extension pg_cron is.  Roles may have jobs of one name: each has its place in the lists.
JOBS = """
SELECT 'schedule ' || jobname, array_agg(schedule ORDER BY username, jobid) AS schedule,
    array_agg(command ORDER BY username, jobid) AS command, array_agg(active ORDER BY username, jobid) AS active,
    array_agg(CASE database WHEN current_database() THEN 'this' ELSE database END ORDER BY username, jobid) AS database
FROM cron.job WHERE jobname IS NOT NULL GROUP BY jobname
"""

# Names that every query below may use.
SCOPE = """
WITH member AS (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), space AS (
    SELECT oid, quote_ident(nspname) AS name FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
), relation AS (
    SELECT c.*, space.name || '.' || quote_ident(c.relname) AS name
    FROM pg_class c JOIN space ON space.oid = c.relnamespace
    WHERE ('pg_class'::regclass::oid, c.oid) NOT IN (TABLE member)
), domain AS (
    SELECT t.oid, space.name || '.' || quote_ident(t.typname) AS name
    FROM pg_type t JOIN space ON space.oid = t.typnamespace
    WHERE t.typtype = 'd' AND ('pg_type'::regclass::oid, t.oid) NOT IN (TABLE member)
), attribute AS NOT MATERIALIZED (  -- it is read by correlated subqueries
    SELECT a.attrelid, a.attnum, a.attacl, a.attname,
        concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
            CASE WHEN a.attcollation <> t.typcollation THEN 'collate ' || a.attcollation::regcollation END,
            CASE WHEN a.attnotnull THEN 'not null' END,
            CASE a.attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity by default' END,
            CASE a.attgenerated WHEN 's' THEN 'stored as ' WHEN 'v' THEN 'virtual as ' ELSE 'default ' END
                || pg_get_expr(d.adbin, d.adrelid),
            CASE WHEN a.attstorage <> t.typstorage THEN 'storage ' || a.attstorage::text END,
            'compression ' || nullif(a.attcompression::text, ''),
            'statistics ' || nullif(a.attstattarget, -1),
            'options ' || a.attoptions::text,
            'foreign options ' || a.attfdwoptions::text) AS text
    FROM pg_attribute a
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped
)
"""

# Each query gives an identity, and the columns that describe it: one line for each that is not null, or for each
# element of an array.
_DATABASE = (
    """
    SELECT 'database' AS identity, pg_get_userbyid(datdba) AS owner,
        coalesce(datacl, acldefault('d', datdba))::text[] AS acl,
        ARRAY(
            SELECT concat_ws(' ', nullif(setrole, 0)::regrole, unnest(setconfig))
            FROM pg_db_role_setting WHERE setdatabase = d.oid ORDER BY 1
        ) AS setting,
        shobj_description(oid, 'pg_database') AS comment
    FROM pg_database d WHERE datname = current_database()
    """,
)

# Schemas, and what migrations make in them.
OBJECTS: Sequence[str] = (
    """
    SELECT 'schema ' || space.name AS identity, pg_get_userbyid(nspowner) AS owner,
        coalesce(nspacl, acldefault('n', nspowner))::text[] AS acl,
        obj_description(oid, 'pg_namespace') AS comment
    FROM pg_namespace JOIN space USING (oid)
    WHERE ('pg_namespace'::regclass::oid, oid) NOT IN (TABLE member)
    """,
    """
    SELECT
        CASE relkind
            WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' WHEN 'f' THEN 'foreign table ' ELSE 'table '
        END || c.name AS identity,
        pg_get_userbyid(relowner) AS owner, coalesce(relacl, acldefault('r', relowner))::text[] AS acl,
        CASE WHEN relpersistence = 'u' THEN 'unlogged' END AS persistence,
        (SELECT amname FROM pg_am WHERE oid = relam) AS access_method,
        (SELECT spcname FROM pg_tablespace WHERE oid = reltablespace) AS tablespace,
        ARRAY(SELECT unnest(reloptions) ORDER BY 1) AS option,
        ARRAY(SELECT unnest(t.reloptions) FROM pg_class t WHERE t.oid = c.reltoastrelid ORDER BY 1) AS toast_option,
        (SELECT srvname || coalesce(' ' || ftoptions::text, '')
            FROM pg_foreign_table JOIN pg_foreign_server s ON s.oid = ftserver WHERE ftrelid = c.oid) AS server,
        nullif(reloftype, 0)::regtype::text AS of_type,
        ARRAY(
            SELECT concat_ws(' ', inhparent::regclass, CASE WHEN inhdetachpending THEN 'detach pending' END)
            FROM pg_inherits WHERE inhrelid = c.oid ORDER BY inhseqno
        ) AS inherits,
        pg_get_partkeydef(oid) AS partition_by, pg_get_expr(relpartbound, oid) AS partition,
        ARRAY(SELECT text FROM attribute WHERE attrelid = c.oid ORDER BY attnum) AS column,
        ARRAY(
            SELECT quote_ident(attname) || ' ' || unnest(attacl)::text
            FROM attribute WHERE attrelid = c.oid ORDER BY 1
        ) AS column_acl,
        ARRAY(
            SELECT quote_ident(attname) || ' ' || col_description(attrelid, attnum)
            FROM attribute WHERE attrelid = c.oid AND col_description(attrelid, attnum) IS NOT NULL ORDER BY attnum
        ) AS column_comment,
        CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END AS definition,
        CASE WHEN relkind = 'm' THEN relispopulated END AS populated,
        CASE relreplident WHEN 'f' THEN 'full' WHEN 'i' THEN 'index' WHEN 'n' THEN
            CASE WHEN relkind IN ('r', 'p', 'm') THEN 'nothing' END
        END AS replica_identity,
        nullif(relrowsecurity, false) AS row_security, nullif(relforcerowsecurity, false) AS force_row_security,
        obj_description(oid, 'pg_class') AS comment
    FROM relation c WHERE relkind IN ('r', 'p', 'v', 'm', 'f')
    """,
    """
    SELECT 'sequence ' || c.name AS identity, pg_get_userbyid(relowner) AS owner,
        coalesce(relacl, acldefault('s', relowner))::text[] AS acl,
        CASE WHEN relpersistence = 'u' THEN 'unlogged' END AS persistence,
        format('as %s start %s increment %s min %s max %s cache %s%s', seqtypid::regtype, seqstart, seqincrement,
            seqmin, seqmax, seqcache, CASE WHEN seqcycle THEN ' cycle' END) AS parameters,
        (SELECT format('%s.%I', attrelid::regclass, attname)
            FROM pg_depend JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
            WHERE classid = 'pg_class'::regclass AND objid = c.oid AND refclassid = 'pg_class'::regclass
                AND deptype IN ('a', 'i')) AS owned_by,
        obj_description(oid, 'pg_class') AS comment
    FROM relation c JOIN pg_sequence ON seqrelid = c.oid
    """,
    """
    SELECT 'index ' || i.name AS identity, pg_get_indexdef(i.oid) AS definition,
        indisvalid AS valid, indisready AS ready, nullif(indisclustered, false) AS clustered,
        nullif(indisreplident, false) AS replica_identity,
        (SELECT spcname FROM pg_tablespace WHERE oid = i.reltablespace) AS tablespace,
        ARRAY(SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = i.oid) AS part_of,
        ARRAY(
            SELECT attnum || ' ' || attstattarget FROM pg_attribute
            WHERE attrelid = i.oid AND attstattarget >= 0 ORDER BY attnum
        ) AS statistics,
        obj_description(i.oid, 'pg_class') AS comment
    FROM relation i JOIN pg_index ON indexrelid = i.oid JOIN relation t ON t.oid = indrelid
    """,
    """
    SELECT format('constraint %I on %s', conname, coalesce(r.name, 'domain ' || d.name)) AS identity,
        pg_get_constraintdef(c.oid) AS definition, convalidated AS validated,
        nullif(condeferrable, false) AS deferrable, nullif(condeferred, false) AS deferred,
        -- ALTER TABLE ... DISABLE TRIGGER ALL reaches the triggers of a foreign key, which nothing else shows.
        ARRAY(
            SELECT format('%s %s', tgfoid::regproc, tgenabled) FROM pg_trigger
            WHERE tgconstraint = c.oid AND tgisinternal AND tgenabled <> 'O' ORDER BY 1
        ) AS trigger_enabled,
        obj_description(c.oid, 'pg_constraint') AS comment
    FROM pg_constraint c LEFT JOIN relation r ON r.oid = conrelid LEFT JOIN domain d ON d.oid = contypid
    WHERE contype <> 't' AND coalesce(r.name, d.name) IS NOT NULL
    """,
    """
    SELECT format('trigger %I on %s', tgname, r.name) AS identity, pg_get_triggerdef(t.oid) AS definition,
        tgenabled::text AS enabled, obj_description(t.oid, 'pg_trigger') AS comment
    FROM pg_trigger t JOIN relation r ON r.oid = tgrelid WHERE NOT tgisinternal
    """,
    """
    SELECT format('rule %I on %s', rulename, r.name) AS identity, pg_get_ruledef(w.oid) AS definition,
        ev_enabled::text AS enabled, obj_description(w.oid, 'pg_rewrite') AS comment
    FROM pg_rewrite w JOIN relation r ON r.oid = ev_class WHERE rulename <> '_RETURN'
    """,
    """
    SELECT format('policy %I on %s', polname, r.name) AS identity, polpermissive AS permissive,
        CASE polcmd
            WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all'
        END AS command,
        ARRAY(SELECT coalesce(nullif(role, 0)::regrole::text, 'public') FROM unnest(polroles) role ORDER BY 1) AS to,
        pg_get_expr(polqual, polrelid) AS using, pg_get_expr(polwithcheck, polrelid) AS with_check,
        obj_description(p.oid, 'pg_policy') AS comment
    FROM pg_policy p JOIN relation r ON r.oid = polrelid
    """,
    """
    SELECT
        CASE prokind WHEN 'a' THEN 'aggregate' WHEN 'p' THEN 'procedure' ELSE 'function' END
            || format(' %s.%I(%s)', space.name, proname, oidvectortypes(proargtypes)) AS identity,
        CASE WHEN prokind <> 'a' THEN pg_get_functiondef(p.oid) END AS definition,
        CASE WHEN prokind = 'a' THEN format('(%s) returns %s', pg_get_function_arguments(p.oid),
            pg_get_function_result(p.oid)) END AS signature,
        (SELECT to_jsonb(a) - '{aggfnoid,aggsortop,aggtranstype,aggmtranstype}'::text[]
                || jsonb_build_object('aggsortop', aggsortop::regoperator, 'aggtranstype', aggtranstype::regtype,
                    'aggmtranstype', aggmtranstype::regtype, 'parallel', p.proparallel)
            FROM pg_aggregate a WHERE aggfnoid = p.oid)::text AS aggregate,
        pg_get_userbyid(proowner) AS owner, coalesce(proacl, acldefault('f', proowner))::text[] AS acl,
        obj_description(p.oid, 'pg_proc') AS comment
    FROM pg_proc p JOIN space ON space.oid = pronamespace
    WHERE ('pg_proc'::regclass::oid, p.oid) NOT IN (TABLE member)
    """,
    """
    SELECT CASE typtype WHEN 'd' THEN 'domain ' ELSE 'type ' END || format('%s.%I', space.name, typname) AS identity,
        CASE typtype
            WHEN 'c' THEN 'composite' WHEN 'e' THEN 'enum' WHEN 'r' THEN 'range' WHEN 'b' THEN 'base'
            WHEN 'p' THEN 'shell'
        END AS kind,
        CASE WHEN typtype = 'd' THEN concat_ws(' ', format_type(typbasetype, typtypmod),
            'collate ' || nullif(typcollation, 0)::regcollation, CASE WHEN typnotnull THEN 'not null' END,
            'default ' || typdefault) END AS base,
        ARRAY(SELECT quote_literal(enumlabel) FROM pg_enum WHERE enumtypid = t.oid ORDER BY enumsortorder) AS label,
        ARRAY(SELECT text FROM attribute WHERE attrelid = typrelid ORDER BY attnum) AS attribute,
        ARRAY(
            SELECT quote_ident(attname) || ' ' || col_description(attrelid, attnum)
            FROM attribute WHERE attrelid = typrelid AND col_description(attrelid, attnum) IS NOT NULL ORDER BY attnum
        ) AS attribute_comment,
        (SELECT format('of %s collate %s opclass %s canonical %s diff %s multirange %s', rngsubtype::regtype,
                rngcollation::regcollation, opcname, rngcanonical, rngsubdiff, rngmultitypid::regtype)
            FROM pg_range JOIN pg_opclass o ON o.oid = rngsubopc WHERE rngtypid = t.oid) AS range,
        CASE WHEN typtype = 'b' THEN format('input %s output %s length %s alignment %s storage %s', typinput, typoutput,
            typlen, typalign, typstorage) END AS layout,
        pg_get_userbyid(typowner) AS owner, coalesce(typacl, acldefault('T', typowner))::text[] AS acl,
        obj_description(t.oid, 'pg_type') AS comment
    FROM pg_type t JOIN space ON space.oid = typnamespace
    WHERE typtype <> 'm' AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
        AND (typrelid = 0 OR typrelid IN (SELECT oid FROM pg_class WHERE relkind = 'c'))
        AND ('pg_type'::regclass::oid, t.oid) NOT IN (TABLE member)
    """,
)

_OTHERS = (
    """
    SELECT 'extension ' || quote_ident(extname) AS identity, extversion AS version,
        extnamespace::regnamespace::text AS schema,
        pg_get_userbyid(extowner) AS owner, obj_description(oid, 'pg_extension') AS comment
    FROM pg_extension
    """,
    """
    SELECT 'event trigger ' || quote_ident(evtname) AS identity, evtevent::text AS event,
        evtfoid::regprocedure::text AS executes,
        evtenabled::text AS enabled, evttags AS tag, pg_get_userbyid(evtowner) AS owner,
        obj_description(oid, 'pg_event_trigger') AS comment
    FROM pg_event_trigger WHERE ('pg_event_trigger'::regclass::oid, oid) NOT IN (TABLE member)
    """,
    """
    SELECT 'publication ' || quote_ident(pubname) AS identity, pg_get_userbyid(pubowner) AS owner,
        (to_jsonb(p) - '{oid,pubname,pubowner}'::text[])::text AS parameters,
        ARRAY(
            SELECT pnnspid::regnamespace::text FROM pg_publication_namespace WHERE pnpubid = p.oid ORDER BY 1
        ) AS schema,
        ARRAY(
            SELECT concat_ws(' ', prrelid::regclass,
                (SELECT '(' || string_agg(quote_ident(attname), ', ' ORDER BY attnum) || ')'
                    FROM pg_attribute WHERE attrelid = prrelid AND attnum = ANY (prattrs)),
                'where ' || pg_get_expr(prqual, prrelid))
            FROM pg_publication_rel WHERE prpubid = p.oid ORDER BY 1
        ) AS table,
        obj_description(oid, 'pg_publication') AS comment
    FROM pg_publication p
    """,
    """
    SELECT format('default privileges for %s on %s%s', defaclrole::regrole,
            CASE defaclobjtype
                WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types'
                WHEN 'n' THEN 'schemas' ELSE 'large objects'
            END,
            ' in ' || nullif(defaclnamespace, 0)::regnamespace) AS identity,
        defaclacl::text[] AS acl
    FROM pg_default_acl
    """,
    """
    SELECT format('statistics %s.%I', space.name, stxname) AS identity, pg_get_statisticsobjdef(s.oid) AS definition,
        nullif(stxstattarget, -1) AS target, pg_get_userbyid(stxowner) AS owner,
        obj_description(s.oid, 'pg_statistic_ext') AS comment
    FROM pg_statistic_ext s JOIN space ON space.oid = stxnamespace
    WHERE ('pg_statistic_ext'::regclass::oid, s.oid) NOT IN (TABLE member)
    """,
    # Casts have no schema; those of the system have an OID below 16384.
    """
    SELECT format('cast %s as %s', castsource::regtype, casttarget::regtype) AS identity,
        nullif(castfunc, 0)::regprocedure::text AS function, castcontext::text AS context, castmethod::text AS method,
        obj_description(oid, 'pg_cast') AS comment
    FROM pg_cast WHERE oid >= 16384 AND ('pg_cast'::regclass::oid, oid) NOT IN (TABLE member)
    """,
    """
    SELECT format('operator %s.%s (%s, %s)', space.name, oprname, coalesce(nullif(oprleft, 0)::regtype::text, 'none'),
            oprright::regtype) AS identity,
        format('%s returns %s commutator %s negator %s restrict %s join %s', oprcode::regprocedure, oprresult::regtype,
            oprcom::regoperator, oprnegate::regoperator, oprrest, oprjoin) AS definition,
        nullif(oprcanmerge, false) AS merges, nullif(oprcanhash, false) AS hashes,
        pg_get_userbyid(oprowner) AS owner, obj_description(o.oid, 'pg_operator') AS comment
    FROM pg_operator o JOIN space ON space.oid = oprnamespace
    WHERE ('pg_operator'::regclass::oid, o.oid) NOT IN (TABLE member)
    """,
    """
    SELECT format('operator class %s.%I using %s', space.name, opcname, amname) AS identity,
        format('for %s family %s.%I', opcintype::regtype, opfnamespace::regnamespace, opfname) AS definition,
        nullif(opckeytype, 0)::regtype::text AS storage, nullif(opcdefault, false) AS default,
        pg_get_userbyid(opcowner) AS owner, obj_description(c.oid, 'pg_opclass') AS comment
    FROM pg_opclass c JOIN space ON space.oid = opcnamespace
        JOIN pg_am a ON a.oid = opcmethod JOIN pg_opfamily f ON f.oid = opcfamily
    WHERE ('pg_opclass'::regclass::oid, c.oid) NOT IN (TABLE member)
    """,
    """
    SELECT format('operator family %s.%I using %s', space.name, opfname, amname) AS identity,
        ARRAY(
            SELECT format('%s %s %s', amopstrategy, amopopr::regoperator, amoppurpose)
            FROM pg_amop WHERE amopfamily = f.oid ORDER BY 1
        ) AS operator,
        ARRAY(
            SELECT format('%s %s, %s %s', amprocnum, amproclefttype::regtype, amprocrighttype::regtype,
                amproc::regprocedure)
            FROM pg_amproc WHERE amprocfamily = f.oid ORDER BY 1
        ) AS function,
        pg_get_userbyid(opfowner) AS owner, obj_description(f.oid, 'pg_opfamily') AS comment
    FROM pg_opfamily f JOIN space ON space.oid = opfnamespace JOIN pg_am a ON a.oid = opfmethod
    WHERE ('pg_opfamily'::regclass::oid, f.oid) NOT IN (TABLE member)
    """,
    """
    SELECT format('collation %s.%I', space.name, collname) AS identity,
        (to_jsonb(c) - '{oid,collname,collnamespace,collowner}'::text[])::text AS parameters,
        pg_get_userbyid(collowner) AS owner, obj_description(c.oid, 'pg_collation') AS comment
    FROM pg_collation c JOIN space ON space.oid = collnamespace
    WHERE ('pg_collation'::regclass::oid, c.oid) NOT IN (TABLE member)
    """,
    """
    SELECT format('text search configuration %s.%I', space.name, cfgname) AS identity,
        ARRAY(
            SELECT format('%s %s %s', alias, mapseqno, mapdict::regdictionary)
            FROM pg_ts_config_map JOIN ts_token_type(cfgparser) ON tokid = maptokentype
            WHERE mapcfg = c.oid ORDER BY alias, mapseqno
        ) AS mapping,
        pg_get_userbyid(cfgowner) AS owner, obj_description(c.oid, 'pg_ts_config') AS comment
    FROM pg_ts_config c JOIN space ON space.oid = cfgnamespace
    WHERE ('pg_ts_config'::regclass::oid, c.oid) NOT IN (TABLE member)
    """,
    """
    SELECT format('text search dictionary %s.%I', space.name, dictname) AS identity,
        (SELECT format('%s.%I', tmplnamespace::regnamespace, tmplname)
            FROM pg_ts_template WHERE oid = dicttemplate) AS template,
        dictinitoption AS option, pg_get_userbyid(dictowner) AS owner, obj_description(d.oid, 'pg_ts_dict') AS comment
    FROM pg_ts_dict d JOIN space ON space.oid = dictnamespace
    WHERE ('pg_ts_dict'::regclass::oid, d.oid) NOT IN (TABLE member)
    """,
    """
    SELECT 'foreign data wrapper ' || quote_ident(fdwname) AS identity, pg_get_userbyid(fdwowner) AS owner,
        nullif(fdwhandler, 0)::regprocedure::text AS handler, nullif(fdwvalidator, 0)::regprocedure::text AS validator,
        fdwoptions AS option, coalesce(fdwacl, acldefault('F', fdwowner))::text[] AS acl,
        obj_description(oid, 'pg_foreign_data_wrapper') AS comment
    FROM pg_foreign_data_wrapper WHERE ('pg_foreign_data_wrapper'::regclass::oid, oid) NOT IN (TABLE member)
    """,
    """
    SELECT 'server ' || quote_ident(srvname) AS identity, pg_get_userbyid(srvowner) AS owner,
        (SELECT fdwname FROM pg_foreign_data_wrapper w WHERE w.oid = srvfdw) AS wrapper,
        srvtype AS type, srvversion AS version, srvoptions AS option,
        coalesce(srvacl, acldefault('S', srvowner))::text[] AS acl,
        obj_description(oid, 'pg_foreign_server') AS comment
    FROM pg_foreign_server WHERE ('pg_foreign_server'::regclass::oid, oid) NOT IN (TABLE member)
    """,
    # The options of a user mapping hold passwords: their number and hash show a change.
    """
    SELECT format('user mapping for %I server %I', usename, srvname) AS identity,
        md5(umoptions::text) AS hash_of_options
    FROM pg_user_mappings
    """,
)

QUERIES: Sequence[str] = (*_DATABASE, *OBJECTS, *_OTHERS)
