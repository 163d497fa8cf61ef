-- Which runs were there, and what did each of them read?
-- grain: one row per run and input; a run without new inputs has one row
-- params: Files, the run manifests; none gives the empty view
create or replace view runs as
{{- if .Files}}
with manifests as (
    select *
    from read_json({{texts .Files}}, format = 'unstructured', columns = {
        run: 'varchar', engine: 'varchar', started_at: 'timestamp', ended_at: 'timestamp', "window": 'varchar', error: 'varchar',
        inputs: 'struct(source varchar, path varchar, kind varchar, format varchar, bytes bigint, sha256 varchar, lines bigint, records bigint, accepted bigint, duplicates bigint, rejected bigint, ignored map(varchar, bigint), earliest varchar, latest varchar)[]',
        "check": 'struct(requests bigint, actions bigint, differences bigint)'
    })
),

inputs as (
    select
        run,
        unnest(inputs) as input
    from manifests
)

select
    manifests.run,
    manifests.engine,
    manifests.started_at,
    manifests.ended_at,
    manifests."window",
    manifests.error,
    manifests."check".requests as checked_requests,
    manifests."check".actions as checked_actions,
    manifests."check".differences as differences,
    inputs.input.source as source,
    inputs.input.path as file,
    case when inputs.run is not null then coalesce(inputs.input.kind, 'requests') end as kind,
    inputs.input.format as format,
    inputs.input.bytes as bytes,
    inputs.input.sha256 as sha256,
    inputs.input.lines as lines,
    inputs.input.records as records,
    inputs.input.accepted as accepted,
    inputs.input.duplicates as duplicates,
    inputs.input.rejected as rejected,
    inputs.input.ignored as ignored,
    inputs.input.earliest as earliest,
    inputs.input.latest as latest
from manifests
left join inputs on manifests.run = inputs.run
{{- else}}
select
    cast(null as varchar) as run,
    cast(null as varchar) as engine,
    cast(null as timestamp) as started_at,
    cast(null as timestamp) as ended_at,
    cast(null as varchar) as "window",
    cast(null as varchar) as error,
    cast(null as bigint) as checked_requests,
    cast(null as bigint) as checked_actions,
    cast(null as bigint) as differences,
    cast(null as varchar) as source,
    cast(null as varchar) as file,
    cast(null as varchar) as kind,
    cast(null as varchar) as format,
    cast(null as bigint) as bytes,
    cast(null as varchar) as sha256,
    cast(null as bigint) as lines,
    cast(null as bigint) as records,
    cast(null as bigint) as accepted,
    cast(null as bigint) as duplicates,
    cast(null as bigint) as rejected,
    cast(null as map(varchar, bigint)) as ignored,
    cast(null as varchar) as earliest,
    cast(null as varchar) as latest
where false
{{- end}}
