//go:build !linux

package lake

import "errors"

// exchangeDirs is not supported here: the caller moves the old directory aside.
func exchangeDirs(a, b string) error {
	return errors.ErrUnsupported
}
