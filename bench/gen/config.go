// Who owns the namespaces of the log?

package main

import "fmt"

// publishers own the namespaces: two or three each, where there are as many as the default has.
const publishers = 40

// publishersConfig is an engine.toml.
func publishersConfig(repositories int) []byte {
	namespaces := namespaces(repositories)
	text := []byte("# Who owns the namespaces of a generated log.\n")
	for i := range min(publishers, namespaces) {
		text = fmt.Appendf(text, "\n[[publisher]]\nid = \"publisher-%02d\"\nname = \"Publisher %d\"\nnamespaces = [", i+1, i+1)
		for n := i; n < namespaces; n += publishers {
			if n > i {
				text = append(text, ", "...)
			}
			text = fmt.Appendf(text, "\"org%d\"", n)
		}
		text = append(text, "]\n"...)
	}
	return text
}
