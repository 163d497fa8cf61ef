package duck

import (
	"context"
	"errors"
	"fmt"
)

// Ordered runs do while rows keep the order of the table that a query starts
// from, and a COPY writes the same bytes for the same rows every time: with
// several threads in one query it depends on who comes first where a row group
// ends, and joins that are turned around lose the order. For speed, do may run
// statements on several connections (Sibling) side by side, one thread each.
func (d *DB) Ordered(ctx context.Context, do func() error) error {
	var threads int64
	var preserve bool
	if err := d.Value(ctx, "select current_setting('threads'), current_setting('preserve_insertion_order')", &threads, &preserve); err != nil {
		return err
	}
	err := d.Exec(ctx, "set threads = 1; set preserve_insertion_order = true; set disabled_optimizers = 'join_order,build_side_probe_side'")
	if err == nil {
		err = do()
	}
	// Also when ctx is over: the database may be used on.
	restored := d.Exec(context.WithoutCancel(ctx), fmt.Sprintf("set threads = %d; set preserve_insertion_order = %t; reset disabled_optimizers", threads, preserve))
	return errors.Join(err, restored)
}
