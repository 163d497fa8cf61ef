package ingest

// stampDay reads stamps, most of which have the date of the one before.
type stampDay struct {
	text [10]byte
	us   int64
}

const (
	secondUs = int64(1_000_000)
	dayUs    = 86_400 * secondUs
)

// parse reads the usual forms of a stamp, in microseconds since 1970: ISO 8601 in UTC or with a
// numeric offset, or seconds since 1970, from 1970 to 2199. Digits beyond microseconds are cut off.
func (d *stampDay) parse(text []byte) (us int64, ok bool) {
	if len(text) < 19 || text[4] != '-' {
		return parseSeconds(text, 10)
	}
	if [10]byte(text) != d.text {
		day, ok := parseDate(text)
		if !ok {
			return 0, false
		}
		d.text, d.us = [10]byte(text), day*dayUs
	}
	if text[10] != 'T' && text[10] != ' ' || text[13] != ':' || text[16] != ':' {
		return 0, false
	}
	hour, okHour := twoDigits(text[11:])
	minute, okMinute := twoDigits(text[14:])
	second, okSecond := twoDigits(text[17:])
	if !okHour || !okMinute || !okSecond || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	us = d.us + (hour*3600+minute*60+second)*secondUs
	rest := text[19:]
	if len(rest) > 0 && rest[0] == '.' {
		fraction, digits := parseFraction(rest[1:])
		if digits == 0 || digits > 9 {
			return 0, false
		}
		us += fraction
		rest = rest[1+digits:]
	}
	offset, ok := parseOffset(rest)
	return us - offset, ok
}

// parseDate reads YYYY-MM-DD as days since 1970.
func parseDate(text []byte) (day int64, ok bool) {
	century, ok1 := twoDigits(text)
	year, ok2 := twoDigits(text[2:])
	month, ok3 := twoDigits(text[5:])
	date, ok4 := twoDigits(text[8:])
	year += century * 100
	if !ok1 || !ok2 || !ok3 || !ok4 || text[7] != '-' || year < 1970 || year > 2199 || month < 1 || month > 12 || date < 1 {
		return 0, false
	}
	lengths := [13]int64{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
	isLeap := year%4 == 0 && (year%100 != 0 || year%400 == 0)
	if date > lengths[month] && !(isLeap && month == 2 && date == 29) {
		return 0, false
	}
	before := year - 1
	day = before*365 + before/4 - before/100 + before/400 - 719162 // 1 January 1970
	for m := int64(1); m < month; m++ {
		day += lengths[m]
	}
	if isLeap && month > 2 {
		day++
	}
	return day + date - 1, true
}

// parseOffset reads "", "Z" or an offset from UTC such as +02:00 or +0200.
func parseOffset(text []byte) (us int64, ok bool) {
	if len(text) == 0 || len(text) == 1 && text[0] == 'Z' {
		return 0, true
	}
	if len(text) != 5 && (len(text) != 6 || text[3] != ':') || text[0] != '+' && text[0] != '-' {
		return 0, false
	}
	hours, okHours := twoDigits(text[1:])
	minutes, okMinutes := twoDigits(text[len(text)-2:])
	if !okHours || !okMinutes || hours > 14 || minutes > 59 {
		return 0, false
	}
	us = (hours*60 + minutes) * 60 * secondUs
	if text[0] == '-' {
		us = -us
	}
	return us, true
}

// parseSeconds reads seconds with at most that many digits, and perhaps a fraction, as microseconds.
func parseSeconds(text []byte, most int) (us int64, ok bool) {
	digits := 0
	for digits < len(text) && text[digits] >= '0' && text[digits] <= '9' {
		if digits == most {
			return 0, false
		}
		us = us*10 + int64(text[digits]-'0')
		digits++
	}
	if digits == 0 {
		return 0, false
	}
	us *= secondUs
	if digits == len(text) {
		return us, true
	}
	fraction, more := parseFraction(text[digits+1:])
	if text[digits] != '.' || more == 0 || more > 6 || digits+1+more != len(text) {
		return 0, false
	}
	return us + fraction, true
}

// parseFraction reads the digits of a fraction of a second, as microseconds.
func parseFraction(text []byte) (us int64, digits int) {
	unit := secondUs / 10
	for digits < len(text) && text[digits] >= '0' && text[digits] <= '9' {
		us += int64(text[digits]-'0') * unit
		unit /= 10
		digits++
	}
	return us, digits
}

func twoDigits(text []byte) (int64, bool) {
	tens, ones := text[0]-'0', text[1]-'0'
	return int64(tens)*10 + int64(ones), tens <= 9 && ones <= 9
}

func isDigits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
