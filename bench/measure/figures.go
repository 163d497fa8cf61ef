package main

import "slices"

// figure is one thing that every round measures: a time, a size or a share.
type figure struct {
	name  string
	label string
	unit  string  // s, µs, MiB or B
	per   string  // the figure of the same round that it is divided by; "": none
	limit float64 // of the ratio, or of the value where there is no ratio; 0: none
	smoke bool    // part of the regression guard
}

// group is what one name of -only measures, in the order of a round.
type group struct {
	name    string
	figures []figure
	measure func(*round) error
}

// groups are all that is measured. The first is always part of a round: others divide by its figures, or need its lake.
//
// The limits are the targets for two cores.
func groups(rows int) []group {
	peak := 4096.0
	if rows > 10_000_000 {
		peak = 6144
	}
	return []group{
		{"csv", []figure{
			{name: "parse_csv", label: "DuckDB parses the CSV", unit: "s"},
			{name: "stored_csv", label: "run from CSV until it is stored", unit: "s", per: "parse_csv", limit: 5, smoke: true},
			{name: "each_csv", label: "– per request", unit: "µs"},
			{name: "check_csv", label: "– of it the check of every row", unit: "s", per: "stored_csv", limit: 0.2, smoke: true},
			{name: "peak_csv", label: "– peak memory", unit: "MiB", limit: peak, smoke: true},
			{name: "lake_csv", label: "– stored, per request", unit: "B", limit: 22, smoke: true},
		}, (*round).csv},
		{"nginx-json", []figure{
			{name: "parse_json", label: "DuckDB parses the nginx-json", unit: "s"},
			{name: "stored_json", label: "run from nginx-json until it is stored", unit: "s", per: "parse_json", limit: 5, smoke: true},
			{name: "peak_json", label: "– peak memory", unit: "MiB", limit: peak},
			{name: "lake_json", label: "– stored, per request (with request ids)", unit: "B"},
		}, (*round).nginxJSON},
		{"parquet", []figure{
			{name: "parse_parquet", label: "DuckDB scans the Parquet", unit: "s"},
			{name: "beside_parquet", label: "DuckDB parses the CSV, once more", unit: "s"},
			{name: "stored_parquet", label: "run from Parquet until it is stored", unit: "s", per: "beside_parquet", smoke: true},
			{name: "each_parquet", label: "– per request", unit: "µs", limit: 0.9},
			{name: "peak_parquet", label: "– peak memory", unit: "MiB", limit: peak},
		}, (*round).parquet},
		{"reports", []figure{
			{name: "beside_reports", label: "DuckDB parses the CSV, once more", unit: "s"},
			{name: "reports", label: "five reports of a week for 40 publishers", unit: "s", per: "beside_reports", limit: 1.5, smoke: true},
			{name: "peak_reports", label: "– peak memory", unit: "MiB", limit: peak},
		}, (*round).reports},
		{"raw", []figure{
			{name: "copy_raw", label: "DuckDB writes the rows of raw as CSV", unit: "s"},
			{name: "raw", label: "raw of a week for 40 publishers (CSV and Parquet)", unit: "s", per: "copy_raw"},
			{name: "peak_raw", label: "– peak memory", unit: "MiB", limit: peak},
		}, (*round).raw},
		{"floors", []figure{
			{name: "floor_sort", label: "DuckDB sorts as many rows of 7 integers by 4 of them", unit: "s"},
			{name: "floor_write", label: "DuckDB reads and writes the lake's rows as Parquet", unit: "s"},
		}, (*round).floors},
		{"day", []figure{
			{name: "day_alone", label: "loading one day alone", unit: "s"},
			{name: "day_added", label: "adding that day to the lake", unit: "s", per: "day_alone", limit: 1.3},
			{name: "peak_day", label: "– peak memory", unit: "MiB", limit: peak},
		}, (*round).day},
		{"worst", []figure{
			{name: "beside_worst", label: "run from CSV until it is stored, once more", unit: "s"},
			{name: "mixed", label: "captured clients, pollers, shared addresses, equal stamps", unit: "s", per: "beside_worst"},
			{name: "worst_address", label: "half of all requests from one address", unit: "s", per: "beside_worst", limit: 2},
			{name: "worst_repository", label: "one repository with all requests", unit: "s", per: "beside_worst", limit: 2},
			{name: "worst_poller", label: "a poller without a gap (every second)", unit: "s", per: "beside_worst", limit: 2},
			{name: "peak_worst", label: "– peak memory of these", unit: "MiB", limit: peak},
		}, (*round).worst},
	}
}

// floorOf names the figure that a step of the run from a format cannot be much faster than; "": none.
func floorOf(step, format string) string {
	switch step {
	case "load":
		return map[string]string{"csv": "parse_csv", "nginx-json": "parse_json", "parquet": "parse_parquet"}[format]
	case "classify":
		return "floor_sort"
	case "store":
		return "floor_write"
	}
	return ""
}

// chooseGroups takes the first group and those that are named; all, when none is.
func chooseGroups(all []group, names []string) (chosen []group, unknown string) {
	left := slices.Clone(names)
	for i, g := range all {
		named := slices.Contains(names, g.name)
		left = slices.DeleteFunc(left, func(name string) bool { return name == g.name })
		if i == 0 || named || len(names) == 0 {
			chosen = append(chosen, g)
		}
	}
	if len(left) > 0 {
		return nil, left[0]
	}
	return chosen, ""
}
