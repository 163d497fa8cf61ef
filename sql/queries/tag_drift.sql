-- Which tags changed their digest: when, and how often?
-- grain: one row per tag whose digest changed, the most restless first
-- param period = all: all, newest week, week before, or days such as 2026-W39, 2026-09, 2026-09-25, 2026-09-14..2026-09-20
-- param image = *: images whose namespace/repository is like this, such as acme/*
-- param limit = 100: how many rows at most
with actions as (
    select
        image_repository,
        tag,
        digest,
        requested_at,
        "source",
        user_key,
        client_key,
        action
    from published_actions
    where requested_at >= span_begin($period)
        and requested_at < span_end($period)
        and image_repository glob $image
        and tag is not null
        and digest is not null
),

digests as (
    select
        image_repository,
        tag,
        digest,
        requested_at,
        lag(digest) over in_order as previous_digest
    from actions
    window in_order as (
        partition by image_repository, tag
        order by requested_at, digest, "source", action, client_key, user_key
    )
),

changes as (
    select
        *,
        digest <> previous_digest as is_change
    from digests
),

final as (
    select
        image_repository,
        tag,
        count(distinct digest) as digests,
        -- More than digests - 1: an old digest came back, as from a mirror that lags behind.
        count(*) filter (where is_change) as changes,
        min(requested_at) filter (where is_change) as first_changed_at,
        max(requested_at) filter (where is_change) as last_changed_at,
        max_by(digest, row(requested_at, digest)) as newest_digest
    from changes
    group by image_repository, tag
    having count(*) filter (where is_change) > 0
)

select
    image_repository,
    tag,
    digests,
    changes,
    first_changed_at,
    last_changed_at,
    newest_digest
from final
order by
    changes desc,
    image_repository,
    tag
limit $limit
