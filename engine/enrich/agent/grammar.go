package agent

import "strings"

const (
	// maxParts is how many products and comments of a user agent are kept. Docker sends ten.
	maxParts = 32
	// maxField is the longest name and version, in bytes.
	maxField = 64
	// upstreamName introduces the user agent of the program that called the
	// Docker API, as in UpstreamClient(compose/v2.36.0).
	upstreamName = "UpstreamClient"
	// library is the product that programs name after their own.
	library = "go-containerregistry"
)

// part is a product or a comment (RFC 9110 §10.1.5). Names are not checked.
type part struct {
	// name is that of a product; empty for a comment.
	name string
	// value follows the slash after the name, or is the text of the comment.
	value string
	// hasSlash tells "name/" from "name".
	hasSlash bool
}

// agentText is one user agent in its parts.
type agentText struct {
	text  string
	parts [maxParts]part
	count int
	// upstream is the nested user agent. hasUpstream tells an empty one from none,
	// and isCut says that the text ended before it did.
	upstream           string
	hasUpstream, isCut bool
}

// split reads the parts of an unescaped user agent. isCut says that its last
// word may be incomplete: then the version in it is dropped.
func (a *agentText) split(text string, isCut bool) {
	a.text = text
	for i := 0; i < len(text) && a.count < maxParts; {
		switch {
		case isSeparator(text[i]):
			i++
		case text[i] == '(':
			comment, size, _ := readParentheses(text[i:])
			a.add(part{value: comment})
			i += size
		default:
			size := wordLength(text[i:])
			word := text[i : i+size]
			i += size
			if word == upstreamName && !a.hasUpstream && strings.HasPrefix(text[i:], "(") {
				var isClosed bool
				a.upstream, size, isClosed = readParentheses(text[i:])
				a.hasUpstream, a.isCut = true, !isClosed
				i += size
				continue
			}
			name, value, hasSlash := strings.Cut(word, "/")
			if isCut && i == len(text) {
				value = ""
			}
			a.add(part{name: name, value: value, hasSlash: hasSlash})
		}
	}
	if isPath(text) {
		a.takeProgram()
	}
}

func (a *agentText) add(p part) {
	a.parts[a.count] = p
	a.count++
}

// takeProgram replaces a path by the name of the program: Syft and Grype send
// how they were called, before the name of their library. Any other path is no product.
func (a *agentText) takeProgram() {
	path := a.text[:wordLength(a.text)]
	program := ""
	if a.count > 1 && a.parts[1].name == library {
		program = strings.TrimSuffix(path[strings.LastIndexAny(path, `/\`)+1:], ".exe")
	}
	a.parts[0] = part{name: program}
}

// first returns the product that the user agent begins with.
func (a *agentText) first() (part, bool) {
	p := a.parts[0]
	return p, isName(p.name)
}

// find returns the value of the first product of that name, in any case.
func (a *agentText) find(name string) (string, bool) {
	for i := range a.parts[:a.count] {
		if p := &a.parts[i]; len(p.name) == len(name) && strings.EqualFold(p.name, name) {
			return p.value, true
		}
	}
	return "", false
}

// readParentheses returns what is between the parenthesis that a text begins
// with and its partner, how many bytes that takes with both, and whether there
// is a partner. Inner parentheses are balanced, or have a backslash each.
func readParentheses(text string) (inner string, size int, isClosed bool) {
	depth, hasEscape := 0, false
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			hasEscape = true
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return stripBackslashes(text[1:i], hasEscape), i + 1, true
			}
		}
	}
	return stripBackslashes(text[1:], hasEscape), len(text), false
}

func stripBackslashes(text string, hasEscape bool) string {
	if !hasEscape {
		return text
	}
	return strings.ReplaceAll(text, `\`, "")
}

// wordLength is where the word that a text begins with ends.
func wordLength(text string) int {
	for i := range len(text) {
		if isSeparator(text[i]) || text[i] == '(' {
			return i
		}
	}
	return len(text)
}

func isSeparator(char byte) bool {
	return char == ' ' || char == '\t' || char == ',' || char == ';' || char == ')'
}

// isPath reports whether a text begins with a path such as /usr/bin/grype or C:\bin\grype.exe.
func isPath(text string) bool {
	if text == "" {
		return false
	}
	return text[0] == '/' || text[0] == '.' || len(text) > 2 && text[1] == ':' && (text[2] == '\\' || text[2] == '/')
}

// isName reports whether a text can be published as the name of a program.
func isName(text string) bool {
	return text != "" && len(text) <= maxField && isLetter(text[0]) && consistsOf(text, "._-")
}

// isVersion reports whether a text can be published as a version.
func isVersion(text string) bool {
	return text != "" && len(text) <= maxField && (isLetter(text[0]) || isDigit(text[0])) && consistsOf(text, "._+~:-")
}

// consistsOf reports whether a text has only ASCII letters, digits and the given marks.
func consistsOf(text, marks string) bool {
	for i := range len(text) {
		if char := text[i]; !isLetter(char) && !isDigit(char) && strings.IndexByte(marks, char) < 0 {
			return false
		}
	}
	return true
}

func isLetter(char byte) bool { return 'a' <= char|0x20 && char|0x20 <= 'z' }

func isDigit(char byte) bool { return '0' <= char && char <= '9' }

// cleanVersion drops a v before a digit, and returns nothing for what is no version.
func cleanVersion(text string) string {
	if !isVersion(text) {
		return ""
	}
	if len(text) > 1 && text[0] == 'v' && isDigit(text[1]) {
		return text[1:]
	}
	return text
}
