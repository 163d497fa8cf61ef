-- How often were images pulled in each week or month, as its published report tells?
-- grain: one row per file, namespace and, where they are told apart, repository
-- params: Files, Parquet files of pulls_repo_summary or pulls_namespace_summary; ByRepository; Namespaces and Images,
--   a ? for each; ?, the namespaces and the images
select
    filename,
    namespace,
    {{if .ByRepository}}repository{{else}}cast(null as varchar){{end}} as repository,
    '' as group_value,
    unique_ip_addresses,
    pulls_by_tag,
    pulls_by_digest,
    version_checks
from read_parquet({{texts .Files}}, filename = true)
where namespace in ({{.Namespaces}})
    {{- if .Images}}
    and namespace || '/' || repository in ({{.Images}})
    {{- end}}
order by all
