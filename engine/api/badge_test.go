package api

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestShort(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 1: "1", 9: "9", 999: "999", 1000: "1k", 1049: "1k", 1050: "1k", 1099: "1k", 1100: "1.1k", 1999: "1.9k", 2000: "2k", 9999: "9.9k",
		10_000: "10k", 10_999: "10k", 34_567: "34k", 999_999: "999k", 1_000_000: "1M", 5_600_000: "5.6M", 5_699_999: "5.6M", 9_999_999: "9.9M",
		10_000_000: "10M", 999_999_999: "999M", 1_000_000_000: "1G", 1_234_567_890: "1.2G", 10_000_000_000: "10G", math.MaxInt64: "9223372036G", -1: "-1",
	} {
		if got := short(n); got != want {
			t.Errorf("short(%d) = %s, want %s", n, got, want)
		}
	}
}

// TestBadges holds badges against the demo data's published numbers: acme/api has 357 pulls by tag and 134 by
// digest, 373 checks and 239 addresses; acme 608, 221, 654 and 343; globex 313, 117, 299 and 198.
func TestBadges(t *testing.T) {
	s := demo(t)
	for path, want := range map[string]badge{
		"/namespaces/acme/repos/api/badge":                                     {1, "downloads", "491/month", "blue", 3600},
		"/namespaces/acme/repos/api/badge?metric=pulls":                        {1, "pulls", "864/month", "blue", 3600},
		"/namespaces/acme/repos/api/badge?metric=checks&timespan=weeks":        {1, "checks", "373/week", "blue", 3600},
		"/namespaces/acme/repos/api/badge?metric=addresses&label=users":        {1, "users", "239/month", "blue", 3600},
		"/namespaces/acme/badge":                                               {1, "downloads", "829/month", "blue", 3600},
		"/namespaces/acme/badge?metric=pulls&timespan=months&label=of%20acme%": {},
		"/namespaces/acme/badge?metric=pulls&label=of%20acme":                  {1, "of acme", "1.4k/month", "blue", 3600},
		"/namespaces/globex/badge?metric=addresses":                            {1, "addresses", "198/month", "blue", 3600},
		"/namespaces/globex/badge?timespan=weeks":                              {1, "downloads", "0/week", "lightgrey", 3600},
	} {
		var got badge
		answer := s.get(t, "root", path)
		if want == (badge{}) {
			answer.want(t, 400)
			continue
		}
		if strings.Contains(path, "timespan=weeks") && want.Color == "blue" {
			continue // the last closed week has no data; see below
		}
		if answer.want(t, 200).decode(t, &got); got != want {
			t.Errorf("%s is %+v, want %+v", path, got, want)
		}
	}
	// On the Monday after the week of the demo data, once the hour of grace is over, it is the last one.
	s.clock.add(time.Date(2026, 9, 21, 1, 0, 0, 0, time.UTC).Sub(demoNow))
	s.tokens = map[string]string{"root": s.login(t, userNames["root"], passwordOf("root")).field(t, "token")}
	s.get(t, "root", "/namespaces/acme/repos/api/badge?metric=checks&timespan=weeks").says(t, 200, `"message":"373/week","color":"blue"`)
	s.get(t, "root", "/namespaces/acme/repos/api/badge").says(t, 200, `"message":"0/month","color":"lightgrey"`)
	s.clock.add(-time.Second)
	s.tokens["root"] = s.login(t, userNames["root"], passwordOf("root")).field(t, "token")
	s.get(t, "root", "/namespaces/acme/repos/api/badge?metric=checks&timespan=weeks").says(t, 200, `"message":"0/week","color":"lightgrey"`)
}
