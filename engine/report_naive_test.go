package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The reports that join, computed once more in the plainest way from the actions of one period, of all publishers.

// pairing is what technographic says of one publisher.
type pairing struct {
	rows                []string // image, paired image, users, pullers, share, domains, all domains, share
	suppressed, leftOut int64
}

func naivePairs(actions []reportAction, publisher string, minUsers, maxImages int) pairing {
	images, users, companies, mine := set{}, set{}, set{}, map[string]bool{}
	for _, a := range actions {
		images.add(a.puller, a.image)
		users.add(a.image, a.puller)
		if a.company != "" {
			companies.add(a.image, a.company)
		}
		if a.publisher == publisher {
			mine[a.image] = true
		}
	}
	paired, left := set{}, map[string]bool{}
	for user, used := range images {
		for image := range used {
			if len(used) <= maxImages {
				paired.add(image, user)
			} else if mine[image] {
				left[user] = true
			}
		}
	}
	p := pairing{leftOut: int64(len(left))}
	for _, image := range slices.Sorted(maps.Keys(mine)) {
		for _, other := range slices.Sorted(maps.Keys(users)) {
			both := paired.common(image, other)
			switch {
			case other == image || both == 0:
			case both < minUsers:
				p.suppressed++
			default:
				domains, all := companies.common(image, other), len(companies[image])
				pct := "0.0000"
				if all > 0 {
					pct = share(domains, all)
				}
				p.rows = append(p.rows, fmt.Sprintf("%s\t%s\t%d\t%d\t%s\t%d\t%d\t%s", image, other, both, len(users[image]), share(both, len(users[image])), domains, all, pct))
			}
		}
	}
	return p
}

var pairColumns = []string{"DVPP_IMAGE", "PAIRED_IMAGE", "USERS", "TOTAL_PULLERS", "PCT_USERS", "DOMAINS", "TOTAL_DOMAINS", "PCT_DOMAINS"}

// naiveCompanyPairs are the rows of technographic_companies, and how many companies are left out.
func naiveCompanyPairs(actions []reportAction, publisher string, maxImages int) (rows []string, leftOut int64) {
	images, mine := set{}, set{}
	for _, a := range actions {
		if a.company == "" {
			continue
		}
		images.add(a.company, a.image)
		if a.publisher == publisher {
			mine.add(a.company, a.image)
		}
	}
	for company, used := range mine {
		if len(images[company]) > maxImages {
			leftOut++
			continue
		}
		for image := range used {
			for other := range images[company] {
				if other != image {
					rows = append(rows, company+"\t"+image+"\t"+other)
				}
			}
		}
	}
	return sortedLines(rows), leftOut
}

// naiveTags are the rows of tags.
func naiveTags(actions []reportAction, publisher string) []string {
	type row struct {
		first, last      string
		downloads, pulls int
	}
	rows, users, counterparts := map[string]*row{}, set{}, set{}
	count := func(a reportAction, level, reference, counterpart string) {
		key := a.image + "\t" + level + "\t" + reference
		if rows[key] == nil {
			rows[key] = &row{}
		}
		r := rows[key]
		r.pulls++
		users.add(key, a.puller)
		if counterpart != "" {
			counterparts.add(key, counterpart)
		}
		if a.download() {
			r.downloads++
			if r.first == "" || a.second < r.first {
				r.first = a.second
			}
			r.last = max(r.last, a.second)
		}
	}
	for _, a := range actions {
		if a.publisher != publisher {
			continue
		}
		if a.tag != "" {
			count(a, "tag", a.tag, a.digest)
		}
		if a.digest != "" {
			count(a, "digest", a.digest, a.tag)
		}
	}
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		r := rows[key]
		lines = append(lines, fmt.Sprintf("%s\t%s\t%s\t%d\t%d\t%d\t%d\t%s", key, r.first, r.last, r.downloads, r.pulls-r.downloads, r.pulls, len(users[key]),
			strings.Join(slices.Sorted(maps.Keys(counterparts[key])), " ")))
	}
	return lines
}

var tagColumns = []string{"IMAGE_REPOSITORY", "LEVEL", "REFERENCE", "FIRST_DOWNLOAD", "LAST_DOWNLOAD", "DATA_DOWNLOADS", "VERSION_CHECKS", "PULLS", "UNIQUE_USERS", "COUNTERPARTS"}
