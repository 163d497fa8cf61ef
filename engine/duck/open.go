package duck

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"

	_ "github.com/duckdb/duckdb-go/v2" // the driver "duckdb"
)

// Options are the settings of one database.
type Options struct {
	Threads     int    // 0: one per core
	MemoryLimit string // such as "4GiB"; "": DuckDB's own default, 80 % of the memory
	TempDir     string // where queries larger than memory spill; "": they fail instead
}

// DB is one in-memory database with exactly one connection, because temporary
// tables and settings belong to a connection. It is not for concurrent use.
type DB struct {
	db   *sql.DB // nil in a sibling, which does not own the database
	conn *sql.Conn
}

// Open starts a database. Nothing is loaded from the network, ever.
func Open(ctx context.Context, options Options) (*DB, error) {
	keepFreedMemory()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("connect to database: %w", err)
	}
	d := &DB{db: db, conn: conn}
	if err := d.configure(ctx, options); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func (d *DB) configure(ctx context.Context, options Options) error {
	threads := options.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	settings := []string{
		"set TimeZone = 'UTC'",
		"set autoinstall_known_extensions = false",
		"set autoload_known_extensions = false",
		// A file that is replaced within a second would be read in parts old and new.
		"set enable_external_file_cache = false",
		fmt.Sprintf("set threads = %d", threads),
		"set temp_directory = " + Quote(options.TempDir),
	}
	if options.MemoryLimit != "" {
		settings = append(settings, "set memory_limit = "+Quote(options.MemoryLimit))
	}
	for _, setting := range settings {
		if err := d.Exec(ctx, setting); err != nil {
			return err
		}
	}
	return nil
}

// Version is the version of the database, such as "v1.5.5".
func Version(ctx context.Context) (version string, err error) {
	db, err := Open(ctx, Options{})
	if err != nil {
		return "", err
	}
	defer db.Close()
	err = db.Value(ctx, "select version()", &version)
	return version, err
}

// Sibling opens a second connection to the same database, to run statements at
// the same time. It sees the tables, not the temporary ones. Close it first.
func (d *DB) Sibling(ctx context.Context) (*DB, error) {
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to database: %w", err)
	}
	sibling := &DB{conn: conn}
	if err := sibling.Exec(ctx, "set TimeZone = 'UTC'"); err != nil {
		sibling.Close()
		return nil, err
	}
	return sibling, nil
}

// Close ends the database; what was not written to a file is gone.
func (d *DB) Close() error {
	err := d.conn.Close()
	if d.db != nil {
		err = errors.Join(err, d.db.Close())
		FreeMemory()
	}
	if err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}
