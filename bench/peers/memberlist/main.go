// One member of a memberlist cluster, for the side-by-side benchmark.
//
// memberlist is a library, so this is the least program around it: the LAN defaults, user messages
// spread as its documentation shows (a TransmitLimitedQueue, each message queued again by whoever
// hears it first), and a control port where each connection begins with one line:
//
//	changes          then come lines "join NAME" and "leave NAME", first for those there already
//	events           then comes each message, one per line
//	publish          then each line sent is a message
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"

	"github.com/hashicorp/memberlist"
)

const (
	keyBytes        = 10      // A message is known by its first bytes.
	knownMax        = 1 << 16 // Older keys are forgotten.
	waitingLinesMax = 1 << 16 // Of one reader; one that is slower than that is cut off.
)

// message is one user message in the queue of memberlist.
type message struct{ body []byte }

func (m message) Invalidates(memberlist.Broadcast) bool { return false }
func (m message) Message() []byte                       { return m.body }
func (m message) Finished()                             {}

// readers are the connections that are told something, each through a queue of lines.
type readers struct {
	mutex  sync.Mutex
	queues map[chan string]struct{}
}

func (r *readers) tell(line string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for queue := range r.queues {
		select {
		case queue <- line:
		default:
			delete(r.queues, queue)
			close(queue)
		}
	}
}

// serve writes lines to one connection until it is gone. `first` runs while nothing is told.
func (r *readers) serve(connection io.Writer, first func(tell func(string))) {
	queue := make(chan string, waitingLinesMax)
	r.mutex.Lock()
	if first != nil {
		first(func(line string) { queue <- line })
	}
	r.queues[queue] = struct{}{}
	r.mutex.Unlock()
	for line := range queue {
		if _, err := io.WriteString(connection, line+"\n"); err != nil {
			break
		}
	}
	r.mutex.Lock()
	delete(r.queues, queue)
	r.mutex.Unlock()
}

type member struct {
	list    *memberlist.Memberlist
	queue   *memberlist.TransmitLimitedQueue
	changes readers
	events  readers

	mutex sync.Mutex
	known map[string]struct{}
	order []string
	alive map[string]struct{}
}

// take delivers a message that is new here and passes it on.
func (m *member) take(body []byte) {
	key := string(body[:min(keyBytes, len(body))])
	m.mutex.Lock()
	_, isKnown := m.known[key]
	if !isKnown {
		m.known[key] = struct{}{}
		m.order = append(m.order, key)
		if len(m.order) > knownMax {
			delete(m.known, m.order[0])
			m.order = m.order[1:]
		}
	}
	m.mutex.Unlock()
	if isKnown {
		return
	}
	m.queue.QueueBroadcast(message{body})
	m.events.tell(string(body))
}

// The delegate of memberlist.

func (m *member) NodeMeta(int) []byte           { return nil }
func (m *member) LocalState(bool) []byte        { return nil }
func (m *member) MergeRemoteState([]byte, bool) {}
func (m *member) NotifyMsg(body []byte)         { m.take(append([]byte(nil), body...)) }
func (m *member) GetBroadcasts(overhead, limit int) [][]byte {
	return m.queue.GetBroadcasts(overhead, limit)
}

// Its events: the list has changed.

func (m *member) NotifyUpdate(*memberlist.Node) {}

func (m *member) NotifyJoin(node *memberlist.Node) {
	m.mutex.Lock()
	m.alive[node.Name] = struct{}{}
	m.mutex.Unlock()
	m.changes.tell("join " + node.Name)
}

func (m *member) NotifyLeave(node *memberlist.Node) {
	m.mutex.Lock()
	delete(m.alive, node.Name)
	m.mutex.Unlock()
	m.changes.tell("leave " + node.Name)
}

func (m *member) talk(connection net.Conn) {
	defer connection.Close()
	lines := bufio.NewReader(connection)
	wish, err := lines.ReadString('\n')
	if err != nil {
		return
	}
	switch strings.TrimSpace(wish) {
	case "changes":
		m.changes.serve(connection, func(tell func(string)) {
			m.mutex.Lock()
			defer m.mutex.Unlock()
			for name := range m.alive {
				tell("join " + name)
			}
		})
	case "events":
		m.events.serve(connection, nil)
	case "publish":
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				return
			}
			m.take(line[:len(line)-1])
		}
	}
}

func main() {
	name := flag.String("name", "", "name of this member")
	bind := flag.String("bind", "", "address of this member")
	port := flag.Int("port", 7946, "port of all members")
	control := flag.String("control", "", "address and port of the control connection")
	seed := flag.String("seed", "", "address of a member to join")
	version := flag.Bool("version", false, "tell the version and end")
	flag.Parse()
	if *version {
		fmt.Println("memberlist " + libraryVersion())
		return
	}

	m := &member{
		changes: readers{queues: map[chan string]struct{}{}},
		events:  readers{queues: map[chan string]struct{}{}},
		known:   map[string]struct{}{},
		alive:   map[string]struct{}{},
	}
	config := memberlist.DefaultLANConfig()
	config.Name = *name
	config.BindAddr = *bind
	config.BindPort = *port
	config.AdvertisePort = *port
	config.Delegate = m
	config.Events = m
	m.queue = &memberlist.TransmitLimitedQueue{
		NumNodes: func() int {
			m.mutex.Lock()
			defer m.mutex.Unlock()
			return len(m.alive)
		},
		RetransmitMult: config.RetransmitMult,
	}
	list, err := memberlist.Create(config)
	if err != nil {
		log.Fatal(err)
	}
	m.list = list

	listener, err := net.Listen("tcp", *control)
	if err != nil {
		log.Fatal(err)
	}
	if *seed != "" {
		go m.join(*seed)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go m.talk(connection)
	}
}
