-- Which repositories of a namespace stand in published reports?
-- grain: one row per repository
-- params: Files, the Parquet files of pulls_repo_summary; ?, the namespace
select distinct
    namespace,
    repository
from read_parquet({{texts .Files}})
where namespace = ?
order by all
