-- How are the images of a namespace used?
-- grain: one row per period and group, as far as they are asked for
-- params: Table, the view actions or a table like it; Unit, day, week or month, or nothing; By, what groups are told apart by, each with Name and Expression;
--   Conditions; From and Last, the days; Top, how many groups, or 0; Ranked, whether they are counted and the largest come first
select
    {{- if .Unit}}
    cast(date_trunc({{text .Unit}}, "day") as date) as period_begin,
    {{- end}}
    {{- range .By}}
    {{.Expression}} as {{.Name}},
    {{- end}}
    count(*) as pulls,
    count(case when action <> 'version_check' then 1 end) as downloads,
    count(case when action = 'version_check' then 1 end) as checks,
    count(distinct ip_key) as addresses,
    count(distinct coalesce(user_key, client_key)) as users,
    min(requested_at) as first_seen,
    max(requested_at) as last_seen
    {{- if .Ranked}},
    count(*) over () as groups
    {{- end}}
from {{.Table}}
where namespace = {{text .Namespace}}
    and "day" >= {{date .From}}
    and "day" <= {{date .Last}}
    {{- range .Conditions}}
    and {{.}}
    {{- end}}
{{- if or .Unit .By}}
group by {{if .Unit}}period_begin{{if .By}}, {{end}}{{end}}{{range $i, $by := .By}}{{if $i}}, {{end}}{{$by.Name}}{{end}}
order by {{if .Unit}}period_begin, {{end}}pulls desc{{range .By}}, {{.Name}}{{end}}
{{- end}}
{{- if .Top}}
limit {{.Top}}
{{- end}}
