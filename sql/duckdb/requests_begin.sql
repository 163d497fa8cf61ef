-- Where does the period of a report over requests begin? What is left of pruned days would look like an answer.
-- params: Pruned, the newest day whose requests were pruned; empty when none were
create macro requests_begin(period) as
    {{- if .Pruned}}
    case
        when period_begin(period) <= timestamp {{text .Pruned}}
            then error('the requests up to {{.Pruned}} were pruned, so a report over ' || period || ' would not be whole; its published files are in the folder reports')
        else period_begin(period)
    end
    {{- else}}
    period_begin(period)
    {{- end}}
