package cloud

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFilesThatAreRefused(t *testing.T) {
	aws := func(prefix string) string {
		return `{"createDate":"x","prefixes":[{"ip_prefix":"192.0.2.0/24"},{"ip_prefix":"` + prefix + `"}]}`
	}
	for _, c := range []struct{ file, text, message string }{
		{"aws.json", "", "aws.json: the file is empty"},
		{"aws.json", " \n", "aws.json: the file is empty"},
		{"aws.json", "<!DOCTYPE html><html></html>", "web page"},
		{"aws.json", "\x1f\x8b\x08", "unpack it first"},
		{"a.zip", "PK\x03\x04", "unpack it first"},
		{"own.csv", "1\x009\x002\x00", "no UTF-8 text"},
		{"own.csv", "192.0.2.0/24,aaa,M\xfcnchen", "no UTF-8 text"},
		{"aws.json", `{"createDate":"x","prefixes":[{"ip_pre`, "no complete JSON"},
		{"aws.json", aws("198.51.100.0/24") + "}", "no complete JSON"},
		{"list.json", `["192.0.2.0/24"]`, "its JSON is no object"},
		{"list.json", `{"ranges":["192.0.2.0/24"]}`, "the JSON is of no known provider"},
		{"crawler.json", `{"creationTime":"x","prefixes":[{"ipv4Prefix":"192.0.2.0/24"}]}`, "the JSON is of no known provider"},
		{"feed.json", `{"asn":64500,"subnets":[{"ip_prefix":"192.0.2.0/24"}]}`, "the JSON is of no known provider"},
		{"cdn.json", `{"addresses":["192.0.2.0/24"],"addresses_v6":[]}`, "the JSON is of no known provider"},
		{"aws.json", `{"createDate":"x","prefixes":{}}`, "aws.json: the file is not as aws publishes it"},
		{"aws.json", `{"createDate":"x","prefixes":[]}`, "no address prefix of the public internet"},
		{"aws.json", `{"createDate":"x","prefixes":[{"ip_prefix":"10.0.0.0/8"}]}`, "no address prefix of the public internet"},
		{"aws.json", `{"createDate":"x","prefixes":[{"region":"here"}]}`, `"" is no address prefix`},
		{"aws.json", aws("192.0.2.0/33"), `aws.json: the file is not as aws publishes it: "192.0.2.0/33" is no address prefix`},
		{"aws.json", aws("192.0.2/24"), `"192.0.2/24" is no address prefix`},
		{"aws.json", aws("fe80::1%eth0"), `"fe80::1%eth0" is no address prefix`},
		{"aws.json", aws("0.0.0.0/0"), `"0.0.0.0/0" is too wide`},
		{"aws.json", aws("2.0.0.0/7"), `"2.0.0.0/7" is too wide`},
		{"aws.json", aws("::/0"), `"::/0" is too wide`},
		{"aws.json", aws("2600::/15"), `"2600::/15" is too wide`},
		{"aws.json", aws("::ffff:0.0.0.0/90"), `"::ffff:0.0.0.0/90" is too wide`},
		{"google.json", `{"syncToken":"x","creationTime":"x","prefixes":[{"scope":"here"}]}`, `"" is no address prefix`},
		{"azure.json", `{"changeNumber":1,"values":[{"name":"AzureDevOps","properties":{"addressPrefixes":["192.0.2.0/24"]}}]}`, "no address prefix of the public internet"},
		{"azure.json", `{"changeNumber":1,"values":[{"name":"AzureCloud.x","properties":{"addressPrefixes":["x"]}}]}`, `"x" is no address prefix`},
		{"azure.json", `{"changeNumber":1,"values":[{"name":1}]}`, "not as azure publishes it"},
		{"oracle.json", `{"last_updated_timestamp":"x","regions":[{"cidrs":[{"cidr":"x"}]}]}`, `"x" is no address prefix`},
		{"oracle.json", `{"last_updated_timestamp":"x","regions":[1]}`, "not as oracle publishes it"},
		{"vultr.json", `{"subnets":[{"ip_prefix":"x"}]}`, `"x" is no address prefix`},
		{"vultr.json", `{"subnets":1}`, "not as vultr publishes it"},
		{"fastly.json", `{"addresses":["192.0.2.0/24"],"ipv6_addresses":["x"]}`, `"x" is no address prefix`},
		{"fastly.json", `{"addresses":1,"ipv6_addresses":[]}`, "not as fastly publishes it"},
		{"atlassian.json", `{"creationDate":"x","items":[{"cidr":"x"}]}`, `"x" is no address prefix`},
		{"atlassian.json", `{"creationDate":"x","items":[{"region":1}]}`, "not as atlassian publishes it"},
		{"github.json", `{"hooks":["192.0.2.0/24","x"],"actions":[]}`, `hooks: "x" is no address prefix`},
		{"gcp.json", `{"creationTime":"x","prefixes":1}`, "not as gcp publishes it"},
		{"cloudflare-v4.txt", "192.0.2.0/24\nx\n", `cloudflare-v4.txt:2: "x" is no address prefix`},
		{"linode.csv", "# comment\n192.0.2.0/24,US,\"US\n-IL\"", "linode.csv:2: a quoted field goes over the end"},
		{"linode.csv", "192.0.2.0/24,US,a \"b\"", "linode.csv:1: the line is no CSV"},
		{"linode.csv", "# nothing\n", "no address prefix of the public internet"},
		// A list that does not name its provider, under a name that does not either.
		{"google.csv", "192.0.2.0/24,NL,NL-NH,Amsterdam,1105 AT", "google.csv:1: the row has 5 fields instead of 2 or 3; a list that does not name its provider must be called"},
		{"ips-v4", "192.0.2.0/24\n", "ips-v4:1: the row has 1 fields"},
		{"own.csv", "192.0.2.0/24,NL", `own.csv:1: "NL" is no provider id`},
		{"own.csv", "prefix,provider\n192.0.2.0/24,no csp", `own.csv:2: "no csp" is no provider id`},
		{"own.csv", "192.0.2.0/24,", `own.csv:1: "" is no provider id`},
		{"own.csv", "192.0.2.0/24," + strings.Repeat("a", 33), "own.csv:1:"},
		{"own.csv", "192.0.2.0/24,aaa\n\n192.0.2.0/240,aaa", `own.csv:3: "192.0.2.0/240" is no address prefix`},
		{"own.csv", "192.0.2.0/24,aaa\n1.0.0.0/7,aaa", `own.csv:2: "1.0.0.0/7" is too wide`},
		{"own.csv", "prefix,provider\n192.0.2.0/24,aaa\n192.0.2.9/24,bbb", "own.csv:3: 192.0.2.0/24 is of bbb here but of aaa in line 2"},
		{"own.csv", "prefix,provider,region\n", "no address prefix of the public internet"},
	} {
		dir := folder(t, c.file, c.text)
		_, err := Open(dir, "")
		if err == nil || !strings.Contains(err.Error(), c.message) || !strings.Contains(err.Error(), filepath.Join(dir, c.file)) {
			t.Errorf("%s %q:\n got %v\nwant %s", c.file, c.text, err, c.message)
			continue
		}
		files, statusErr := Status(dir)
		if statusErr != nil || len(files) != 1 || files[0].Problem != err.Error() {
			t.Errorf("%s: status %+v, %v", c.file, files, statusErr)
		}
	}
}

func TestWidestPrefixes(t *testing.T) {
	for _, text := range []string{"3.0.0.0/8", "2600::/16", "::ffff:3.0.0.0/104"} {
		if _, err := parsePrefix(text); err != nil {
			t.Error(err)
		}
	}
}

func TestFoldersThatAreRefused(t *testing.T) {
	dir := folder(t, "own.csv", "192.0.2.0/24,aaa\n")
	if err := os.Mkdir(filepath.Join(dir, "old"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, ""); err == nil || !strings.Contains(err.Error(), "has a subfolder") {
		t.Errorf("subfolder: %v", err)
	}
	files, err := Status(dir)
	if err != nil || len(files) != 2 || !strings.Contains(files[0].Problem, "has a subfolder") || files[1].Problem != "" {
		t.Errorf("subfolder: %+v, %v", files, err)
	}
	if _, err := Open(filepath.Join(dir, "own.csv"), ""); err == nil {
		t.Error("a file was opened as a folder")
	}
	if _, err := Status(filepath.Join(dir, "own.csv")); err == nil {
		t.Error("a file was opened as a folder")
	}
	broken := t.TempDir()
	if err := os.Symlink("nowhere", filepath.Join(broken, "own.csv")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(broken, ""); err == nil || !strings.Contains(err.Error(), "own.csv") {
		t.Errorf("broken link: %v", err)
	}
}

func TestASNTablesThatAreRefused(t *testing.T) {
	for _, c := range []struct{ text, message string }{
		{"asn,provider\n16509,AWS\n", `asn.csv:2: "AWS" is no provider id`},
		{"16509,no csp\n", `asn.csv:1: "no csp" is no provider id`},
		{"16509,\n", `asn.csv:1: "" is no provider id`},
		{"0,aaa\n", `asn.csv:1: "0" is no AS number`},
		{"4294967296,aaa\n", `"4294967296" is no AS number`},
		{"AS,aaa\n", `"AS" is no AS number`},
		{"-5,aaa\n", `"-5" is no AS number`},
		{"# note\n16509\n", "asn.csv:2: the row has 1 fields"},
		{"1,a,b,c\n", "asn.csv:1: the row has 4 fields"},
		{"64500,aaa\nAS64500,bbb\n", "asn.csv:2: AS64500 is in line 1 already"},
		{"1,\"a\n", "asn.csv:"},
	} {
		path := filepath.Join(folder(t, "asn.csv", c.text), "asn.csv")
		if _, err := Open("", path); err == nil || !strings.Contains(err.Error(), c.message) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q:\n got %v\nwant %s", c.text, err, c.message)
		}
	}
	if _, err := Open("", filepath.Join(t.TempDir(), "none.csv")); err == nil {
		t.Error("a table that is not there was opened")
	}
}

func TestStatus(t *testing.T) {
	files, err := Status("testdata/all")
	if err != nil || len(files) != 15 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	aws := files[2]
	if aws.Path != filepath.Join("testdata", "all", "aws.json") || aws.Type != "aws" || aws.Entries != 4 || aws.Bytes == 0 || aws.Modified.IsZero() || aws.Problem != "" {
		t.Errorf("%+v", aws)
	}
	if files, err := Status(filepath.Join(t.TempDir(), "none")); err != nil || len(files) != 0 {
		t.Errorf("no folder: %v, %v", files, err)
	}
}
