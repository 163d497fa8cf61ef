package duck

import (
	"database/sql/driver"
	"fmt"

	"github.com/duckdb/duckdb-go/v2"
)

// Append adds rows to a table, much faster than INSERT does. nil is NULL.
func (d *DB) Append(table string, rows [][]driver.Value) error {
	if len(rows) == 0 {
		return nil
	}
	err := d.conn.Raw(func(raw any) error {
		appender, err := duckdb.NewAppenderFromConn(raw.(driver.Conn), "", table)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := appender.AppendRow(row...); err != nil {
				appender.Close()
				return err
			}
		}
		return appender.Close()
	})
	if err != nil {
		return fmt.Errorf("append to table %s: %w", table, err)
	}
	return nil
}
