// Command enrich measures how fast distinct values are enriched: a million
// addresses over three databases, cloud ranges and the ASN table, and a hundred
// thousand user agents and e-mail domains, with as many goroutines as cores.
//
//	go run ./bench/enrich [-addresses 1000000] [-agents 100000] [-runs 5]
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/pullscope/pullscope/engine/enrich"
	"github.com/pullscope/pullscope/engine/enrich/ipdb/ipdbtest"
)

func main() {
	addresses := flag.Int("addresses", 1_000_000, "distinct addresses")
	agents := flag.Int("agents", 100_000, "distinct user agents, and domains")
	runs := flag.Int("runs", 5, "how often; the median counts")
	flag.Parse()
	if err := measure(*addresses, *agents, *runs); err != nil {
		fmt.Fprintln(os.Stderr, "enrich:", err)
		os.Exit(1)
	}
}

func measure(addresses, agents, runs int) error {
	dir, err := os.MkdirTemp("", "bench-enrich-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	options, err := sources(dir)
	if err != nil {
		return err
	}
	dice := rand.New(rand.NewPCG(1, 2))
	addrs := make([]netip.Addr, addresses)
	for i := range addrs {
		// Every address of 10.0.0.0/8 at most once, in no order.
		n := uint32(i) * 2654435761 % (1 << 24)
		addrs[i] = netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
	}
	texts, domains := make([]string, agents), make([]string, agents)
	for i := range texts {
		texts[i] = fmt.Sprintf(`docker/%d.%d.%d go/go1.%d git-commit/%07x kernel/5.15.%d-linuxkit os/linux arch/arm64 UpstreamClient(Docker-Client/24.0.%d \(darwin\))`,
			20+dice.IntN(10), dice.IntN(10), dice.IntN(30), dice.IntN(26), i, dice.IntN(200), dice.IntN(30))
		domains[i] = fmt.Sprintf("mail%d.company-%d.co.uk", dice.IntN(9), i)
	}
	var opens, looks []float64
	for range runs {
		begun := time.Now()
		e, err := enrich.Open(options)
		if err != nil {
			return err
		}
		opens = append(opens, time.Since(begun).Seconds())
		begun = time.Now()
		inParallel(addrs, func(addr netip.Addr) { e.Address(addr) })
		inParallel(texts, func(text string) { e.Agent(text) })
		inParallel(domains, func(domain string) { e.Company(domain) })
		looks = append(looks, time.Since(begun).Seconds())
		e.Close()
	}
	fmt.Printf("%d addresses, %d agents and domains, %d cores: open %.2f s, look up %.2f s (medians of %d)\n", addresses, agents, runtime.GOMAXPROCS(0), median(opens), median(looks), runs)
	return nil
}

// sources writes three databases of 4,096 networks each, and ranges.
func sources(dir string) (enrich.Options, error) {
	var countries, numbers, companies []ipdbtest.Network
	ranges := "prefix,provider,region\n"
	for i := range 4096 {
		prefix := fmt.Sprintf("10.%d.%d.0/20", i/16, i%16*16)
		countries = append(countries, ipdbtest.Network{Prefix: prefix, Record: ipdbtest.Country([]string{"DE", "US", "JP"}[i%3])})
		numbers = append(numbers, ipdbtest.Network{Prefix: prefix, Record: ipdbtest.ASN(uint32(64512+i%1000), "Example")})
		facts := ipdbtest.Facts{Country: "DE", Type: []string{"business", "isp", "hosting"}[i%3], Domain: fmt.Sprintf("company-%d.com", i), ASN: uint32(64512 + i%1000)}
		companies = append(companies, ipdbtest.Network{Prefix: prefix, Record: ipdbtest.IPinfoCompany(facts)})
		if i%4 == 0 {
			ranges += fmt.Sprintf("10.%d.%d.0/22,aws,eu-%d\n", i/16, i%16*16, i%7)
		}
	}
	options := enrich.Options{Clouds: filepath.Join(dir, "clouds")}
	built := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	for name, database := range map[string]struct {
		kind     string
		networks []ipdbtest.Network
	}{
		"country.mmdb": {ipdbtest.CountryType, countries}, "asn.mmdb": {ipdbtest.ASNType, numbers}, "company.mmdb": {ipdbtest.IPinfoCompanyType, companies},
	} {
		path := filepath.Join(dir, name)
		if err := ipdbtest.Write(path, database.kind, 4, built, database.networks); err != nil {
			return options, err
		}
		options.Databases = append(options.Databases, path)
	}
	slices.Sort(options.Databases)
	if err := os.Mkdir(options.Clouds, 0o755); err != nil {
		return options, err
	}
	return options, os.WriteFile(filepath.Join(options.Clouds, "own.csv"), []byte(ranges), 0o644)
}

func inParallel[T any](values []T, do func(T)) {
	workers := runtime.GOMAXPROCS(0)
	var group sync.WaitGroup
	for chunk := range slices.Chunk(values, (len(values)+workers-1)/workers) {
		group.Go(func() {
			for _, value := range chunk {
				do(value)
			}
		})
	}
	group.Wait()
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
