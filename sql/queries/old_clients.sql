-- Which versions of a client are in use, the oldest first, and by how many?
-- grain: one row per version that begins with a number
-- param period = all: all, newest week, week before, or days such as 2026-W39, 2026-09, 2026-09-25, 2026-09-14..2026-09-20
-- param image = *: images whose namespace/repository is like this, such as acme/*
-- param tool = docker: the client, such as docker, containerd or buildkit
-- param limit = 100: how many rows at most
with actions as (
    select
        tool_version,
        action,
        coalesce(user_key, client_key) as puller_key,
        requested_at
    from published_actions
    where requested_at >= span_begin($period)
        and requested_at < span_end($period)
        and image_repository glob $image
        and tool = $tool
),

versions as (
    select
        tool_version,
        cast(regexp_extract(tool_version, '^v?([0-9]{1,9})', 1) as integer) as major,
        coalesce(try_cast(regexp_extract(tool_version, '^v?[0-9]+[.]([0-9]{1,9})', 1) as integer), 0) as minor,
        coalesce(try_cast(regexp_extract(tool_version, '^v?[0-9]+[.][0-9]+[.]([0-9]{1,9})', 1) as integer), 0) as patch,
        count(distinct puller_key) as users,
        count(*) filter (where action <> 'version_check') as downloads,
        count(*) filter (where action = 'version_check') as version_checks,
        max(requested_at) as last_seen_at
    from actions
    where regexp_matches(tool_version, '^v?[0-9]')
    group by tool_version
),

final as (
    select
        *,
        sum(downloads) over (order by major, minor, patch, tool_version) as downloads_so_old,
        sum(downloads) over () as all_downloads
    from versions
)

select
    tool_version,
    users,
    downloads,
    version_checks,
    -- Of this version and all that are older.
    round(downloads_so_old / nullif(all_downloads, 0), 4) as share_so_old,
    last_seen_at
from final
order by
    major,
    minor,
    patch,
    tool_version
limit $limit
