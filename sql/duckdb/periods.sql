-- Where does a period begin and end? 2026-W39, 2026-09, 2026-09-25, or two of them joined by "..".
-- Text that is none of these is an error, not an empty period.
create macro period_part_begin(part) as
    case
        when regexp_full_match(part, '[0-9]{4}-W(0[1-9]|[1-4][0-9]|5[0-3])')
            then cast(date_trunc('week', make_date(cast(left(part, 4) as integer), 1, 4)) as timestamp)
                + to_days(7 * (cast(right(part, 2) as integer) - 1))
        when regexp_full_match(part, '[0-9]{4}-(0[1-9]|1[0-2])')
            then cast(make_date(cast(left(part, 4) as integer), cast(right(part, 2) as integer), 1) as timestamp)
        when try_cast(part as date) is not null and length(part) = 10 then cast(cast(part as date) as timestamp)
        else error('period "' || part || '" is none; write it like 2026-W39, 2026-09, 2026-09-25 or 2026-09-14..2026-09-20')
    end;

create macro period_part_end(part) as
    case
        when part like '%-W%' then period_part_begin(part) + to_days(7)
        when length(part) = 7 then period_part_begin(part) + to_months(1)
        else period_part_begin(part) + to_days(1)
    end;

create macro period_begin(period) as period_part_begin(split_part(period, '..', 1));

create macro period_end(period) as
    period_part_end(case when contains(period, '..') then split_part(period, '..', 2) else period end);

create macro period_granularity(period) as
    case
        when contains(period, '..') then 'range'
        when contains(period, '-W') then 'weekly'
        when length(period) = 7 then 'monthly'
        else 'range'
    end;

create macro period_reference(period) as strftime(period_begin(period), '%Y-%m-%d')
