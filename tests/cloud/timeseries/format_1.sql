-- The tables of format 1, as the first release made them.
create table if not exists meta (key varchar, value varchar);
create table if not exists tags (tag_id integer, tag varchar);
create table if not exists batches (batch bigint, stream varchar, position bigint, node varchar,
       points integer, sent_ms bigint, received_ms bigint, committed_ms bigint);
create table if not exists pts (ts bigint, tag_id integer, value double, quality smallint,
       batch bigint, ord usmallint);
create table if not exists events (ts bigint, tag_id integer, text varchar, is_number boolean,
       quality smallint, batch bigint, ord usmallint);
create table if not exists watermarks (node varchar, stream varchar, w bigint);
create table if not exists gaps (node varchar, stream varchar, "first" bigint, "last" bigint,
       reason varchar, commit_no bigint);
create table if not exists signal_log (commit_no bigint, ord integer, stream varchar, position bigint,
       point_ord integer, tag_id integer, role varchar, source varchar, ts_ms bigint, value double,
       text varchar, quality smallint);
create table if not exists quarantine (id bigint, at_ms bigint, topic varchar, reason varchar,
       size bigint, digest varchar, head blob);
create table if not exists telemetry (commit_no bigint, device varchar, digest varchar, at_ms bigint);
create table if not exists bound (tag varchar, role varchar, source varchar, version integer);
