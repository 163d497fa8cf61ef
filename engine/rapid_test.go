package engine

import "flag"

// The drawn cases are the same in every run of the tests, so that a run says
// something about the change and not about its luck. -rapid.seed=0 draws others.
// Most take several runs of the engine each; make fuzz tries more of them.
func init() {
	for name, value := range map[string]string{"rapid.seed": "20260921", "rapid.checks": "60"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
}
