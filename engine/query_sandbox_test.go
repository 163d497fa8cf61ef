package engine

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pullscope/pullscope/engine/duck"
)

// breakOuts are what a query must not do. DATA is the data directory, ALLOWED an allowed
// folder, OUTSIDE a file beside it, WRITTEN a file that must never be, SNAPSHOT the
// folder of the query and NET a server.
var breakOuts = []string{
	// Files of others.
	"select * from read_csv('/etc/passwd')",
	"from '/etc/passwd'",
	"from read_text('/etc/passwd')",
	"from read_blob('/etc/passwd')",
	"from sniff_csv('/etc/passwd')",
	"from read_json('/etc/passwd')",
	"from read_json_objects('/etc/passwd')",
	"from read_ndjson_objects('/etc/passwd')",
	"from read_parquet('/etc/passwd')",
	"from parquet_metadata('/etc/passwd')",
	"from parquet_schema('/etc/passwd')",
	"from parquet_kv_metadata('/etc/passwd')",
	"from parquet_file_metadata('/etc/passwd')",
	"from parquet_bloom_probe('/etc/passwd', 'a', 1)",
	"from parquet_full_metadata('/etc/passwd')",
	"from read_duckdb('/etc/passwd', table_name = 't')",
	"from glob('/etc/*')",
	"from glob('/*')",
	"from read_text('/proc/self/environ')",
	"from read_text('/proc/self/cmdline')",
	"from read_blob('/proc/self/fd/0')",
	"from read_text('file:///etc/passwd')",
	"from read_text(['ALLOWED/own.csv', '/etc/passwd'])",
	"from read_text('/etc/pass*')",
	"select (select content from read_text('OUTSIDE'))",
	"with stolen as (from read_text('OUTSIDE')) from stolen",
	"select getenv('HOME')",
	"select current_setting('getenv')",

	// The key of the lake, whatever the way to it.
	"from read_text('DATA/key')",
	"from read_text('DATA/requests/../key')",
	"from read_text('DATA/reports/../../data/key')",
	"from read_text('DATA/./key')",
	"from read_text('DATA/k*')",
	"from read_text('DATA/requests//../key')",
	"from glob('DATA/*')",
	"from glob('DATA/**')",

	// Allowed folders lead nowhere else.
	"from read_text('ALLOWED/../outside.txt')",
	"from read_text('ALLOWED/../allowed/../outside.txt')",
	"from read_text('ALLOWED/link.txt')",
	"from read_text('ALLOWED/folder/outside.txt')",
	"from read_text('ALLOWED/folder/data/key')",
	"from read_text('ALLOWEDnot/file.txt')",
	"from read_text('SNAPSHOT/../../../../etc/passwd')",
	"from read_csv('ALLOWED/own.csv', store_rejects = true, rejects_table = 'requests')",
	"from read_csv('ALLOWED/own.csv', \"Rejects_Table\" /* , */ := 'requests')",
	"from read_csv('ALLOWED/own.csv', store_rejects\n= true, rejects_scan = 'requests')",

	// Writing.
	"copy (select 1) to 'WRITTEN'",
	"copy requests to 'WRITTEN' (format parquet)",
	"copy (select 1) to 'SNAPSHOT/requests/day=2026-09-14/requests.parquet'",
	"export database 'WRITTEN'",
	"import database 'DATA'",
	"attach 'WRITTEN' as other",
	"attach ':memory:' as other",
	"attach 'DATA/key' as other (read_only)",
	"detach memory",
	"use memory",
	"create table t as select 1",
	"create temp table t as select 1",
	"create or replace temporary view requests as select 1",
	"create view v as select 1",
	"create macro m() as 1",
	"create macro m() as table select 1",
	"create schema s",
	"create type t as enum ('a')",
	"create sequence s",
	"create secret (type s3, key_id 'a', secret 'b')",
	"create index i on publishers (publisher_id)",
	"insert into publishers values ('a', 'b')",
	"update publishers set publisher_name = 'x'",
	"delete from publishers",
	"truncate publishers",
	"merge into publishers using (select 1) as s on true when matched then delete",
	"with gone as (delete from publishers returning *) from gone",
	"drop view requests",
	"alter view requests rename to r",
	"comment on view requests is 'x'",
	"vacuum", "analyze", "checkpoint", "begin", "commit", "rollback",

	// Settings and extensions.
	"set enable_external_access = true",
	"set allowed_directories = ['/']",
	"set lock_configuration = false",
	"set memory_limit = '100GB'",
	"set global threads = 99",
	"set variable x = 1",
	"reset all",
	"reset enable_external_access",
	"pragma enable_profiling",
	"pragma enable_external_access = true",
	"pragma database_list",
	"install httpfs", "load httpfs", "force install httpfs", "update extensions",
	"load 'ALLOWED/own.duckdb_extension'",
	"call pragma_version()",
	"call enable_logging()",
	"call checkpoint()",

	// Functions that write or change, however they are written.
	"from enable_logging('QueryLog', storage = 'file', storage_config = {'path': 'WRITTEN'})",
	"from enable_logging(storage_path = 'WRITTEN')",
	`from system.main."enable_logging" /* ( */ (storage_path = 'WRITTEN')`,
	"from Enable_Profiling(format = 'json', save_location = 'WRITTEN')",
	"from enable_profiling -- (\n (save_location = 'WRITTEN')",
	"select write_log('x')",
	"select unnest(['x']).write_log(level := 'error')",
	"describe from disable_logging()",
	"explain analyze from disable_logging()",
	"from force_checkpoint()",
	"from checkpoint()",
	"from query('from enable_logging()')",
	"from query('copy (select 1) to ''WRITTEN''')",
	"from query('select 1; drop view requests')",
	"from query($$ drop view requests $$)",
	"from query_table('/etc/passwd')",
	"from query_table(['OUTSIDE'])",
	"from json_execute_serialized_sql(json_serialize_sql('from read_text(''OUTSIDE'')'))",
	"select nextval('s')",

	// Statements behind statements.
	"select 1; copy (select 1) to 'WRITTEN'",
	"copy (select 1) to 'WRITTEN'; select 1",
	"select 1; select 2",
	"select ';'; drop view requests",
	"select 1 /* ; */ ; drop view requests",
	"select 1 -- ;\n; drop view requests",
	"select $$;$$; drop view requests",
	"select $a$ $b$; $a$; drop view requests; --$a$",
	"select e'\\';'; drop view requests --'",
	"/* /* */ select 1; */ drop view requests",
	"--\ndrop view requests",
	"explain analyze copy (select 1) to 'WRITTEN'",
	"explain copy (select 1) to 'WRITTEN'",
	"prepare p as select 1",
	"execute p",
	"deallocate p",
	"select 1) ; drop view requests; select (1",
	"select 1) from (values (1)) limit 1; copy (select 1) to 'WRITTEN' --",

	// The network.
	"from read_text('http://NET/x.csv')",
	"from 'http://NET/x.csv'",
	"from read_csv('https://NET/x.csv')",
	"from read_parquet('s3://bucket/x.parquet')",
	"from read_parquet('hf://datasets/x/y.parquet')",
	"from read_text('ftp://NET/x')",
	"attach 'http://NET/x.db' as other",
	"from postgres_scan('host=NET', 'public', 't')",
	"from sqlite_scan('OUTSIDE', 't')",
	"from st_read('OUTSIDE')",
	"from read_xlsx('OUTSIDE')",
}

// Nothing gets out, nothing changes, and the next query is answered as before.
func TestQueriesStayInside(t *testing.T) {
	t.Parallel()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	at := func(names ...string) string { return filepath.Join(append([]string{root}, names...)...) }
	e := newEngine(at("data"), farAway)
	mustRun(t, e, writeFile(t, at("log.csv"), csvText(heads(time.Date(2026, 9, 14, 10, 0, 0, 0, time.UTC)))))
	writeFile(t, at("outside.txt"), []byte("secret\n"))
	writeFile(t, at("allowed", "own.csv"), []byte("a\n1\n"))
	writeFile(t, at("allowednot", "file.txt"), []byte("secret\n"))
	for link, target := range map[string]string{"link.txt": at("outside.txt"), "folder": root} {
		if err := os.Symlink(target, at("allowed", link)); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Error("a query reached the network")
			conn.Close()
		}
	}()

	before := tree(t, root, []string{"."})
	q, err := e.OpenQuery(t.Context(), QueryOptions{AllowPaths: []string{at("allowed")}})
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	places := strings.NewReplacer("DATA", at("data"), "ALLOWED", at("allowed"), "OUTSIDE", at("outside.txt"), "WRITTEN", at("written"), "SNAPSHOT", q.snapshot.Dir(), "NET", listener.Addr().String())
	for _, attempt := range breakOuts {
		query := places.Replace(attempt)
		rows, err := answersOf(t, q, query)
		if err == nil {
			t.Errorf("%s\nwas not refused and says %q", attempt, rows)
		}
		if _, err := q.WriteParquet(t.Context(), QueryRequest{SQL: query}, at("stolen.parquet")); err == nil {
			t.Errorf("%s\nwas not refused as a file", attempt)
		}
	}
	if difference := treeDifference(tree(t, root, []string{"."}), before); difference != "" {
		t.Errorf("files changed:\n%s", difference)
	}
	rows, err := answersOf(t, q, places.Replace("select count(*), (select a from 'ALLOWED/own.csv') from requests"))
	if want := "[[1 1]]"; err != nil || fmt.Sprint(rows) != want {
		t.Errorf("after all that: %v %v, want %s", rows, err, want)
	}
}

// What may look like an attempt but is none.
func TestQueriesThatStayAllowed(t *testing.T) {
	t.Parallel()
	e := newEngine(filepath.Join(t.TempDir(), "data"), farAway)
	if err := os.Mkdir(e.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"select 'copy; drop -- (' as text":                            "copy; drop -- (",
		"select 'checkpoint()' as text -- write_log(":                 "checkpoint()",
		"select query from (select 7 as query)":                       "7",
		`select "query" from (select 8 as "query")`:                   "8",
		"with checkpoint as (select 9 as n) select n from checkpoint": "9",
		"/* ; drop view requests */ select 10":                        "10",
		"select store_rejects from (select 11 as store_rejects)":      "11",
		"select $$;$$": ";",
	} {
		q, err := e.OpenQuery(t.Context(), QueryOptions{})
		if err != nil {
			t.Fatal(err)
		}
		rows, err := answersOf(t, q, query)
		if err != nil || len(rows) != 1 || rows[0][0] != want {
			t.Errorf("%s: %q %v, want %q", query, rows, err, want)
		}
		q.Close()
	}
}

// answersOf reads all rows of a query.
func answersOf(t *testing.T, q *Querier, query string) (rows [][]string, err error) {
	t.Helper()
	err = q.Run(t.Context(), query, nil, Texts, func([]duck.Column) error { return nil }, func(row []*string) error {
		var texts []string
		for _, value := range row {
			texts = append(texts, textOf(value))
		}
		rows = append(rows, texts)
		return nil
	})
	return rows, err
}
