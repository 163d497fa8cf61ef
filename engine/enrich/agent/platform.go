package agent

import "strings"

// systems maps the words for operating systems to those of GOOS.
var systems = map[string]string{
	"linux":   "linux",
	"windows": "windows", "win32": "windows", "win64": "windows", "mingw": "windows", "mingw32": "windows", "mswin": "windows",
	"darwin": "darwin", "macos": "darwin", "macosx": "darwin", "osx": "darwin", "mac": "darwin", "macintosh": "darwin",
	"freebsd": "freebsd", "netbsd": "netbsd", "openbsd": "openbsd", "dragonfly": "dragonfly",
	"solaris": "solaris", "sunos": "solaris", "illumos": "illumos", "aix": "aix", "android": "android", "plan9": "plan9",
}

// architectures maps the words for processor architectures to those of GOARCH.
var architectures = map[string]string{
	"amd64": "amd64", "x86_64": "amd64", "x86-64": "amd64", "x64": "amd64",
	"386": "386", "i386": "386", "i486": "386", "i586": "386", "i686": "386", "x86": "386",
	"arm64": "arm64", "aarch64": "arm64", "arm64v8": "arm64", "armv8": "arm64",
	"arm": "arm", "armhf": "arm", "armel": "arm", "armv5": "arm", "armv6": "arm", "armv6l": "arm", "armv7": "arm", "armv7l": "arm", "arm32v7": "arm",
	"ppc64le": "ppc64le", "ppc64el": "ppc64le", "ppc64": "ppc64", "s390x": "s390x", "riscv64": "riscv64",
	"loong64": "loong64", "loongarch64": "loong64",
	"mips": "mips", "mipsle": "mipsle", "mipsel": "mipsle", "mips64": "mips64", "mips64le": "mips64le", "mips64el": "mips64le",
}

// maxPlatformWord is longer than every platform, such as aarch64-linux-gnueabihf.
const maxPlatformWord = 32

// platform is where a program runs, and which part of the user agent says so.
type platform struct {
	os, arch         string
	osRule, archRule string
	prefix           string // of the rules, while the nested user agent is read
}

// platformOf returns the platform of the program that sent a user agent. The
// nested one comes first: Docker's own os/ is the daemon's, often of a virtual
// machine on the very workstation that the nested one tells.
func platformOf(whole, upstream *agentText) platform {
	var p platform
	if whole.hasUpstream {
		p.prefix = "upstream "
		p.read(upstream)
		p.prefix = ""
	}
	p.read(whole)
	return p
}

// read fills what is still unknown. The explicit tokens os/ and arch/ come
// before comments and words.
func (p *platform) read(a *agentText) {
	if word, ok := a.find("os"); ok {
		p.setOS(known(systems, word), "token os/")
	}
	if word, ok := a.find("arch"); ok {
		p.setArch(known(architectures, word), "token arch/")
	}
	for i := range a.parts[:a.count] {
		part := &a.parts[i]
		switch {
		case part.name == "":
			p.readComment(part.value, "comment")
		case i == 0:
			// skaffold/linux/amd64/v2.13.0; the name itself is the program's.
			if strings.Contains(part.value, "/") {
				p.readPair(part.value, "first token")
			}
		case known(systems, part.name) != "":
			// Linux, Linux/6.8.0 or linux/amd64.
			architecture, _, _ := strings.Cut(part.value, "/")
			p.setOS(known(systems, part.name), "platform token")
			p.setArch(known(architectures, architecture), "platform token")
		}
	}
}

// readComment reads comments such as (linux/amd64), (linux; amd64) and (x86_64-linux).
func (p *platform) readComment(comment, rule string) {
	for comment != "" {
		end := strings.IndexAny(comment, " ;,()\t")
		if end < 0 {
			end = len(comment)
		}
		word := comment[:end]
		comment = comment[min(end+1, len(comment)):]
		if word == "" || len(word) > maxPlatformWord || strings.Contains(word, ":") {
			continue // no word, or the address of a web page
		}
		if system := known(systems, word); system != "" {
			p.setOS(system, rule)
		} else if architecture := known(architectures, word); architecture != "" {
			p.setArch(architecture, rule)
		} else if strings.Contains(word, "/") {
			p.readPair(word, rule)
		} else {
			p.readTriple(word, rule)
		}
	}
}

// readPair reads os/arch[/more]. Both must be known, else it is a path.
func (p *platform) readPair(text, rule string) {
	system, rest, _ := strings.Cut(text, "/")
	architecture, _, _ := strings.Cut(rest, "/")
	system, architecture = known(systems, system), known(architectures, architecture)
	if system != "" && architecture != "" {
		p.setOS(system, rule)
		p.setArch(architecture, rule)
	}
}

// readTriple reads the platforms of compilers: x86_64-linux, arm64-darwin23, linux-gnu.
func (p *platform) readTriple(text, rule string) {
	first, rest, ok := strings.Cut(text, "-")
	if !ok {
		return
	}
	if system := known(systems, first); system != "" {
		p.setOS(system, rule)
		return
	}
	if architecture := known(architectures, first); architecture != "" {
		second, _, _ := strings.Cut(rest, "-")
		p.setArch(architecture, rule)
		p.setOS(known(systems, strings.TrimRight(second, "0123456789.")), rule)
	}
}

func (p *platform) setOS(system, rule string) {
	if p.os == "" && system != "" {
		p.os, p.osRule = system, p.prefix+rule
	}
}

func (p *platform) setArch(architecture, rule string) {
	if p.arch == "" && architecture != "" {
		p.arch, p.archRule = architecture, p.prefix+rule
	}
}

// known looks up a word in any case; empty when it is not in the table.
func known(table map[string]string, word string) string {
	if len(word) > maxPlatformWord {
		return ""
	}
	return table[strings.ToLower(word)]
}
