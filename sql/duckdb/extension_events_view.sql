-- shim
create or replace view extension_events as
select cast(null as date) as "day", cast(null as timestamp) as occurred_at, cast(null as varchar) as namespace, cast(null as varchar) as extension, cast(null as varchar) as event, cast(null as bigint) as user_key, cast(null as varchar) as source, cast(null as bigint) as line where false
