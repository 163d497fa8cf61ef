-- Which images are asked for by the clock: at midnight UTC, at full hours, at full minutes?
-- grain: one row per image, the most clockwork first
-- param period = all: all, newest week, week before, or days such as 2026-W39, 2026-09, 2026-09-25, 2026-09-14..2026-09-20
-- param image = *: images whose namespace/repository is like this, such as acme/*
-- param within = 60: seconds after midnight or the full hour that count
-- param min_actions = 20: images with fewer actions are left out
-- param limit = 100: how many rows at most
with actions as (
    select
        image_repository,
        epoch(requested_at) % 86400 as second_of_day,
        epoch(requested_at) % 3600 as second_of_hour,
        epoch(requested_at) % 60 as second_of_minute
    from published_actions
    where requested_at >= span_begin($period)
        and requested_at < span_end($period)
        and image_repository glob $image
),

counts as (
    select
        image_repository,
        count(*) as actions,
        count(*) filter (where second_of_day < $within) as at_midnight,
        count(*) filter (where second_of_hour < $within) as at_full_hours,
        count(*) filter (where second_of_minute < 1) as at_full_minutes
    from actions
    group by image_repository
),

-- How often more than by chance; 1 means no pattern.
final as (
    select
        image_repository,
        actions,
        at_midnight,
        at_full_hours,
        at_full_minutes,
        round(at_midnight / (actions * $within / 86400.0), 1) as midnight_factor,
        round(at_full_hours / (actions * $within / 3600.0), 1) as hour_factor,
        round(at_full_minutes / (actions / 60.0), 1) as minute_factor
    from counts
    where actions >= $min_actions
)

select
    image_repository,
    actions,
    at_midnight,
    at_full_hours,
    at_full_minutes,
    midnight_factor,
    hour_factor,
    minute_factor
from final
order by
    hour_factor desc,
    midnight_factor desc,
    image_repository
limit $limit
