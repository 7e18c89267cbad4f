package main

import (
	"log"
	"runtime/debug"
	"time"
)

const (
	joinAgain    = 100 * time.Millisecond
	joinAttempts = 600
)

// join asks the seed until it lets us in: a member serves so many exchanges of state at once, and
// refuses the rest.
func (m *member) join(seed string) {
	for attempt := 0; attempt < joinAttempts; attempt++ {
		if _, err := m.list.Join([]string{seed}); err == nil {
			return
		}
		time.Sleep(joinAgain)
	}
	log.Fatal("could not join " + seed)
}

// libraryVersion is that of memberlist in this program.
func libraryVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "github.com/hashicorp/memberlist" {
				return module.Version
			}
		}
	}
	return "of unknown version"
}
