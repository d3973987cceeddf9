package smtp

import "sync/atomic"

// Shared is what the listeners of an appliance have in common: their connections
// are counted together. Source: AsyncOS, "listenerconfig > setup", the limits of
// concurrent connections and concurrent TLS connections across all listeners.
type Shared struct{ connections, tls places }

// NewShared allows so many connections at a time, and so many of them encrypted.
func NewShared(connections, tls int) *Shared {
	s := &Shared{}
	s.Limit(connections, tls)
	return s
}

// Limit changes what is allowed. Those who have a place keep it.
func (s *Shared) Limit(connections, tls int) {
	s.connections.most.Store(int64(connections))
	s.tls.most.Store(int64(tls))
}

// places are taken by connections.
type places struct {
	most  atomic.Int64
	taken atomic.Int64
}

// Enter takes a place; false if there is none.
func (p *places) Enter() bool {
	if p.taken.Add(1) > p.most.Load() {
		p.taken.Add(-1)
		return false
	}
	return true
}

// Leave gives a place back.
func (p *places) Leave() { p.taken.Add(-1) }
