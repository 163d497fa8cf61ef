//go:build !linux

package duck

func keepFreedMemory() {}

func returnFreedMemory() {}
