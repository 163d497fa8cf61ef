package lake

import "github.com/pullscope/pullscope/engine/period"

func (l *Lake) ExtensionDays() ([]period.Day, error)      { return nil, nil }
func (l *Lake) ExtensionFile(d period.Day) string         { return "" }
func ExtensionDayStates(runs []Run) map[period.Day]string { return nil }
