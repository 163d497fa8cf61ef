package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/pullscope/pullscope/engine/lake"
	"github.com/pullscope/pullscope/engine/period"
)

// storedDay is a day whose file is there, with the numbers of its newest manifest and the size of the file.
type storedDay struct {
	Day               period.Day
	Requests, Actions int64 // 0: no manifest tells
	Bytes             int64
}

// storedDays are the days of requests that have a file, ascending.
func storedDays(store *lake.Lake, runs []lake.Run) ([]storedDay, error) {
	newest := map[period.Day]lake.RunDay{}
	for _, run := range runs {
		for _, day := range run.Days {
			newest[day.Day] = day
		}
	}
	var stored []storedDay
	err := eachDayFile(store, lake.Requests, func(day period.Day, bytes int64) {
		stored = append(stored, storedDay{Day: day, Requests: newest[day].Requests, Actions: newest[day].Actions, Bytes: bytes})
	})
	return stored, err
}

// storedExtensionDays are the days of extension events that have a file, ascending.
func storedExtensionDays(store *lake.Lake, runs []lake.Run) ([]lake.ExtensionDay, error) {
	newest := map[period.Day]lake.ExtensionDay{}
	for _, run := range runs {
		for _, day := range run.ExtensionDays {
			newest[day.Day] = day
		}
	}
	var stored []lake.ExtensionDay
	err := eachDayFile(store, lake.ExtensionEvents, func(day period.Day, bytes int64) {
		stored = append(stored, lake.ExtensionDay{Day: day, Events: newest[day].Events, Bytes: bytes})
	})
	return stored, err
}

// eachDayFile calls do with every day of a table and the size of its file.
func eachDayFile(store *lake.Lake, table lake.Table, do func(day period.Day, bytes int64)) error {
	days, err := store.DaysOf(table)
	if err != nil {
		return err
	}
	for _, day := range days {
		info, err := os.Stat(store.File(table, day))
		switch {
		case errors.Is(err, fs.ErrNotExist): // removed by a run just now
		case err != nil:
			return fmt.Errorf("measure day %s: %w", day, err)
		default:
			do(day, info.Size())
		}
	}
	return nil
}
