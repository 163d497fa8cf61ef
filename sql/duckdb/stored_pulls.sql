-- How often were images pulled in each day, week or month, as the stored actions tell?
-- grain: one row per period, namespace and what the rows are told apart by
-- params: Table, the view actions or a table like it; Unit, day, week or month; Group, a further expression or nothing; ByRepository; Namespaces and Images,
--   a ? for each; ?, the first day, the day after the last, the namespaces and the images
with chosen as (
    select
        strftime(date_trunc({{text .Unit}}, "day"), '%Y-%m-%d') as first_day,
        namespace,
        {{if .ByRepository}}repository{{else}}cast(null as varchar){{end}} as repository,
        {{if .Group}}{{.Group}}{{else}}''{{end}} as group_value,
        ip_key,
        action
    from {{.Table}}
    where "day" >= cast(? as date)
        and "day" < cast(? as date)
        and namespace in ({{.Namespaces}})
        {{- if .Images}}
        and namespace || '/' || repository in ({{.Images}})
        {{- end}}
)

select
    first_day,
    namespace,
    repository,
    group_value,
    count(distinct ip_key) as unique_ip_addresses,
    count(case when action = 'pull_by_tag' then 1 end) as pulls_by_tag,
    count(case when action = 'pull_by_digest' then 1 end) as pulls_by_digest,
    count(case when action = 'version_check' then 1 end) as version_checks
from chosen
group by first_day, namespace, repository, group_value
order by first_day, namespace, repository, group_value
