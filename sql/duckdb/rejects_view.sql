-- Which lines could not be read, and why?
-- params: Files, the quarantine files; none gives the empty view
create or replace view rejects as
{{- if .Files}}
select
    parse_filename(filename, true) as run,
    file,
    line,
    reason,
    raw
from read_parquet({{texts .Files}}, filename = true)
{{- else}}
select
    cast(null as varchar) as run,
    cast(null as varchar) as file,
    cast(null as bigint) as line,
    cast(null as varchar) as reason,
    cast(null as varchar) as raw
where false
{{- end}}
