package engine

// pieces are how much is worked on at a time: enough to keep the database busy, little enough
// to leave memory.
type pieces struct {
	logBytes    int   // text of a log that the SQL of its format reads
	oddBytes    int   // text of odd records that wait for that SQL
	parquetRows int64 // rows of a Parquet log
	checkRows   int64 // requests that are compared with the reference classifier
	storedRows  int64 // and stored ones of the whole lake
}

var usualPieces = pieces{logBytes: 256 << 20, oddBytes: 32 << 20, parquetRows: 1 << 20, checkRows: 4 << 20, storedRows: 2 << 20}

func (c *Config) pieces() pieces {
	if c.smallPieces != nil {
		return *c.smallPieces
	}
	return usualPieces
}
