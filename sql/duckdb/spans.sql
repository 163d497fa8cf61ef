-- Where does the stretch of days of a saved query begin and end? It is any period, or one of the words
-- all, newest week and week before.
-- params: Week, the first day of the newest closed week with requests; the zero time in an empty lake
create macro span_begin(span) as
    case span
        when 'all' then timestamp '0001-01-01 00:00:00'
        when 'newest week' then {{if .Week.IsZero}}cast(null as timestamp){{else}}{{timestamp .Week}}{{end}}
        when 'week before' then {{if .Week.IsZero}}cast(null as timestamp){{else}}{{timestamp .Week}}{{end}} - interval 7 days
        else period_begin(span)
    end;

create macro span_end(span) as
    case span
        when 'all' then timestamp '9999-12-31 00:00:00'
        when 'newest week' then span_begin(span) + interval 7 days
        when 'week before' then span_begin(span) + interval 7 days
        else period_end(span)
    end
