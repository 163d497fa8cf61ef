package main

import (
	"testing"
	"time"

	"github.com/BurntSushi/toml"
)

// The columns of a CSV row.
const (
	columnStamp = iota
	columnAddress
	columnMethod
	columnImage
	columnReference
	_
	_
	columnAgent
)

// stamp is the time of a row.
func stamp(t *testing.T, record []string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, record[columnStamp])
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// sequences are the stamps of the HEAD requests of each client for each tag.
func sequences(t *testing.T, all [][]string) map[[3]string][]time.Time {
	t.Helper()
	of := map[[3]string][]time.Time{}
	for _, record := range all {
		if record[columnMethod] == "HEAD" {
			key := [3]string{record[columnAddress], record[columnImage], record[columnReference]}
			of[key] = append(of[key], stamp(t, record))
		}
	}
	return of
}

// pollsEvery is how many stamps follow another one of the sequence after an interval.
func pollsEvery(stamps []time.Time, every time.Duration) int {
	at, n := map[time.Time]bool{}, 0
	for _, stamp := range stamps {
		at[stamp] = true
	}
	for stamp := range at {
		if at[stamp.Add(every)] {
			n++
		}
	}
	return n
}

func TestPollers(t *testing.T) {
	o := small(200_000)
	o.pollers = 50
	polls, pollers := 0, 0
	for _, stamps := range sequences(t, records(t, o)) {
		for _, every := range pollIntervals {
			interval := time.Duration(every) * time.Millisecond
			// All week: each poll but the last is followed by another. Shorter intervals divide the longer ones.
			if want := int(o.days*24*int(time.Hour/interval)) - 1; len(stamps) < 2*want && pollsEvery(stamps, interval) >= want {
				polls, pollers = polls+want+1, pollers+1
			}
		}
	}
	if polls < 90_000 || polls > 100_000 || pollers < 5 {
		t.Errorf("%d pollers send %d of %d requests, want about half", pollers, polls, o.rows)
	}
}

func TestPollersOfSmallLogs(t *testing.T) {
	o := small(1000)
	o.pollers = 90
	if all := records(t, o); len(all) != o.rows {
		t.Errorf("got %d rows, want %d", len(all), o.rows)
	}
}

func TestNAT(t *testing.T) {
	o := small(50_000)
	o.nat = 30
	shared := map[string]bool{address(o.clients): true, address(o.clients + 1): true}
	agents, last := map[string]map[string]bool{}, map[[2]string]string{}
	requests, interleaved := 0, 0
	for _, record := range records(t, o) {
		addr := record[columnAddress]
		if !shared[addr] {
			continue
		}
		if agents[addr] == nil {
			agents[addr] = map[string]bool{}
		}
		agents[addr][record[columnAgent]] = true
		key := [2]string{addr, record[columnImage]}
		if last[key] != "" && last[key] != record[columnAgent] {
			interleaved++
		}
		last[key] = record[columnAgent]
		requests++
	}
	if share := requests * 100 / o.rows; share < 27 || share > 33 {
		t.Errorf("%d %% of the requests come from shared addresses, want about %d", share, o.nat)
	}
	for addr := range shared {
		if len(agents[addr]) < 50 {
			t.Errorf("%s has %d agents, want many", addr, len(agents[addr]))
		}
	}
	if interleaved < requests/2 {
		t.Errorf("%d of %d requests stand beside one of another client, want more than half", interleaved, requests)
	}
}

func TestTies(t *testing.T) {
	o := small(20_000)
	count := func(o options) (ties int) {
		last := map[[2]string][]string{}
		for _, record := range records(t, o) {
			key := [2]string{record[columnAddress], record[columnImage]}
			before := last[key]
			if before != nil && before[columnStamp] == record[columnStamp] {
				ties++
				// Nobody asks by tag what it has just fetched by digest: the order of the session is kept.
				if before[columnMethod] == "GET" && record[columnMethod] == "HEAD" {
					t.Errorf("%v comes before %v", before, record)
				}
			}
			last[key] = record
		}
		return ties
	}
	if few := count(o); few > o.rows/100 {
		t.Errorf("without ties, %d requests have the stamp of the one before", few)
	}
	o.ties = 50
	if many := count(o); many < o.rows/5 {
		t.Errorf("with ties, %d of %d requests have the stamp of the one before", many, o.rows)
	}
}

func TestWorstAddress(t *testing.T) {
	o := small(50_000)
	o.worst = worstAddress
	requests := 0
	for _, record := range records(t, o) {
		if record[columnAddress] == address(0) {
			requests++
		}
	}
	if share := requests * 100 / o.rows; share < 45 || share > 55 {
		t.Errorf("one address has %d %% of the requests, want half", share)
	}
}

func TestWorstRepository(t *testing.T) {
	o := small(5000)
	o.worst = worstRepository
	for _, record := range records(t, o) {
		if record[columnImage] != "org0/api-0" {
			t.Fatalf("there is a request for %s", record[columnImage])
		}
	}
}

func TestWorstPoller(t *testing.T) {
	o := small(100_000)
	o.days, o.worst = 1, worstPoller
	most := 0
	for _, stamps := range sequences(t, records(t, o)) {
		most = max(most, pollsEvery(stamps, time.Second))
	}
	if most < 24*3600-10 { // the log ends with its last request, seconds before the day does
		t.Errorf("the busiest poller asks %d times a second after it has, want every second of the day", most)
	}
}

func TestCapturedMix(t *testing.T) {
	o := small(20_000)
	o.mix = "captured"
	agents := map[string]bool{}
	for _, record := range records(t, o) {
		agents[record[columnAgent]] = true
		if record[columnAgent] == "skopeo/1.9.3" && record[columnMethod] == "HEAD" {
			t.Fatalf("skopeo sends %v, and it never sends HEAD", record)
		}
	}
	for _, tool := range capturedTools {
		for _, agent := range tool.agents {
			if !agents[agent] {
				t.Errorf("agent %s does not come", agent)
			}
		}
	}
}

func TestWeights(t *testing.T) {
	sum := func(weights [patterns]int) (total int) {
		for _, weight := range weights {
			total += weight
		}
		return total
	}
	tools := 0
	for _, tool := range capturedTools {
		if tools += tool.weight; sum(tool.does) != 100 {
			t.Errorf("weights of %s add up to %d, want 100", tool.agents[0], sum(tool.does))
		}
	}
	if tools != 100 || sum(plainWeights) != 100 {
		t.Errorf("weights add up to %d and %d, want 100", tools, sum(plainWeights))
	}
}

func TestPublishersConfig(t *testing.T) {
	var config struct {
		Publisher []struct {
			ID, Name   string
			Namespaces []string
		}
	}
	if _, err := toml.Decode(string(publishersConfig(400)), &config); err != nil {
		t.Fatal(err)
	}
	owned := map[string]bool{}
	for _, publisher := range config.Publisher {
		if n := len(publisher.Namespaces); n != 2 && n != 3 {
			t.Errorf("%s owns %d namespaces", publisher.ID, n)
		}
		for _, namespace := range publisher.Namespaces {
			owned[namespace] = true
		}
	}
	if len(config.Publisher) != 40 || len(owned) != 81 || !owned["org0"] || !owned["org80"] {
		t.Errorf("%d publishers own %d namespaces, want 40 and 81", len(config.Publisher), len(owned))
	}
}
