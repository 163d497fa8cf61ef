-- Which columns has the view requests? Those of the lake, and the day.
-- params: Files, the day files; none gives the empty view
create or replace view requests as
{{- if .Files}}
select
    requested_at,
    ip_key,
    client_key,
    user_key,
    namespace,
    repository,
    method,
    tag,
    digest,
    reference_digest,
    action,
    action_requests,
    action_digest,
    country,
    ip_type,
    ip_domain,
    cloud,
    asn,
    company,
    tool,
    tool_version,
    os,
    arch,
    role,
    use_case,
    request_key,
    source,
    line,
    item,
    "day"
from read_parquet({{texts .Files}}, hive_partitioning = true, hive_types = {'day': date})
{{- else}}
{{file "duckdb/requests_schema.sql" .}}
{{- end}}
