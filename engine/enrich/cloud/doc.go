// Package cloud tells which cloud provider an address belongs to.
//
//  1. Open reads every file of a folder: the address ranges that the providers
//     publish, in their own formats, and the user's own CSV files (file.go,
//     format.go, json.go, text.go).
//  2. Prefixes are cleaned and those that cannot be right are refused (prefix.go).
//  3. All of them go into one table for longest-prefix look-ups; of two files with
//     the same prefix the one that says more about the client wins (ranges.go).
//  4. An address in no range is asked for by its AS number, first in the user's
//     table, then in the embedded one (asn.go).
//
// Update downloads the files on request (source.go, update.go, download.go), and
// Status shows what is there. Nothing else uses the network.
//
// # The folder
//
// Files that begin with "." or end in "~", ".md", ".tmp" or ".part" are skipped. A
// subfolder is an error, because its files would look used and do nothing. A file
// is recognised by what it holds, so it may have any name. The exceptions are lists
// that do not name their provider: they are called cloudflare-v4.txt,
// cloudflare-v6.txt, digitalocean.csv, linode.csv or vultr.csv, or anything else
// in .csv or .txt that begins with one of these words and "-", "_" or ".". All other
// text is the user's own CSV, prefix,provider[,region], with or without this header.
//
// A provider id is lower case, ^[a-z0-9][a-z0-9-]{0,31}$.
package cloud
