-- Which reports of which period are published, for whom, and in which revision?
-- grain: one row per publisher and period
-- params: Files, the run manifests; none gives the empty view
create or replace view periods as
{{- if .Files}}
with manifests as (
    select *
    from read_json({{texts .Files}}, format = 'unstructured', columns = {
        run: 'varchar', ended_at: 'timestamp',
        published: 'struct(publisher varchar, period varchar, granularity varchar, dir varchar, revision integer, "rows" map(varchar, bigint), changed boolean)[]'
    })
),

published as (
    select
        run,
        ended_at,
        unnest(published) as publication
    from manifests
)

select
    publication.publisher as publisher_id,
    publication.period as period,
    publication.granularity as granularity,
    cast(period_begin(publication.period) as date) as first_day,
    cast(period_end(publication.period) as date) - 1 as last_day,
    max(publication.revision) as revision,
    min(ended_at) as first_published_at,
    max(case when publication.changed then ended_at end) as changed_at,
    max_by(publication.dir, run) as dir,
    max_by(publication."rows", run) as report_rows
from published
group by publication.publisher, publication.period, publication.granularity
{{- else}}
select
    cast(null as varchar) as publisher_id,
    cast(null as varchar) as period,
    cast(null as varchar) as granularity,
    cast(null as date) as first_day,
    cast(null as date) as last_day,
    cast(null as integer) as revision,
    cast(null as timestamp) as first_published_at,
    cast(null as timestamp) as changed_at,
    cast(null as varchar) as dir,
    cast(null as map(varchar, bigint)) as report_rows
where false
{{- end}}
