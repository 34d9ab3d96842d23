package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cilium/statedb"

	cec "github.com/cilium/cilium/pkg/ciliumenvoyconfig"
	"github.com/cilium/cilium/pkg/completion"
	"github.com/cilium/cilium/pkg/envoy/xds"
)

// How long Cilium's controller is held back until the Envoys have answered. It writes a redirect when it is let go.
const ackTimeout = 2 * time.Second

// bridge stands where Cilium has its xDS server: it receives the resources that the CiliumEnvoyConfig controller made,
// and brings them to the cluster's Envoys, one per node, each of which can be held at what it has (frozen).
//
//	CEC controller ──► bridge ──► node ──► stream (ADS) ──► Envoy
type bridge struct {
	xds.XDSServer // policies and Cilium's own listeners: never called here
	db            *statedb.DB

	mu      sync.Mutex
	current *snapshot
	nodes   []*node
	ready   bool
	changed *broadcast
}

func newBridge(db *statedb.DB, nodes []*node) *bridge {
	b := &bridge{db: db, current: emptySnapshot(), nodes: nodes, changed: newBroadcast()}
	for _, n := range nodes {
		n.target = b.current
	}
	return b
}

func (b *bridge) UpdateEnvoyResources(ctx context.Context, old, wanted xds.Resources, _ *completion.WaitGroup) error {
	return b.change(ctx, wanted, func(s *snapshot) {
		s.remove(old, wanted)
		s.upsert(wanted)
	})
}

func (b *bridge) UpsertEnvoyResources(ctx context.Context, wanted xds.Resources, _ *completion.WaitGroup) error {
	return b.change(ctx, wanted, func(s *snapshot) { s.upsert(wanted) })
}

// DeleteEnvoyResources does not wait: the redirect is gone already, and each stream takes care of what goes when.
func (b *bridge) DeleteEnvoyResources(_ context.Context, old xds.Resources, _ *completion.WaitGroup) error {
	b.publish(func(s *snapshot) { s.remove(old, xds.Resources{}) })
	return nil
}

func (b *bridge) change(ctx context.Context, wanted xds.Resources, edit func(*snapshot)) error {
	version, waiting := b.publish(func(s *snapshot) {
		edit(s)
		b.addEndpointsToCome(s)
	})
	if !waiting {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, ackTimeout)
	defer cancel()
	for {
		more := b.changed.wait()
		connected, behind := b.progress(version)
		if connected > 0 && behind == 0 || ctx.Err() != nil {
			return b.verdict(wanted, connected)
		}
		select {
		case <-ctx.Done():
		case <-more:
		}
	}
}

// addEndpointsToCome takes the endpoints that Cilium's controller has decided on in the same step but hands over after
// the clusters and routes that need them. So a new cluster has its endpoints before a route names it.
func (b *bridge) addEndpointsToCome(s *snapshot) {
	txn := b.db.ReadTxn()
	table, ok := b.db.GetTable(txn, cec.EnvoyResourcesTableName).(statedb.Table[*cec.EnvoyResource])
	if !ok {
		return
	}
	for r := range table.All(txn) {
		if r.Name.Origin == cec.EnvoyResourceOriginBackendSync {
			put(s, endpointsType, r.Resources.Endpoints)
		}
	}
}

// publish makes the next snapshot the wanted one of every node that is not frozen. It tells whether to wait for Envoys:
// not before the first synchronisation with the API server, since nothing is sent until then.
func (b *bridge) publish(edit func(*snapshot)) (version uint64, wait bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.current.next()
	edit(s)
	b.current = s
	for _, n := range b.nodes {
		if !n.frozen {
			n.target = s
		}
	}
	b.changed.notify()
	return s.version, b.ready
}

// progress counts the nodes that take updates, and those of them that have not answered for this version yet.
func (b *bridge) progress(version uint64) (connected, behind int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, n := range b.nodes {
		if n.frozen || n.stream == nil {
			continue
		}
		connected++
		if n.applied < version {
			behind++
		}
	}
	return connected, behind
}

// verdict is what Cilium would hear: an Envoy that refused one of these resources, or that none is there to take them.
func (b *bridge) verdict(wanted xds.Resources, connected int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if connected == 0 {
		if len(wanted.Listeners) > 0 && !slices.ContainsFunc(b.nodes, func(n *node) bool { return n.frozen }) {
			return errors.New("no Envoy is connected")
		}
		return nil
	}
	var refusals []error
	for _, n := range b.nodes {
		for _, typeURL := range allTypes {
			text := n.states[typeURL].nack
			if text != "" && !n.frozen && b.concerns(text, wanted) {
				refusals = append(refusals, fmt.Errorf("envoy of node %s: %s", n.name, text))
			}
		}
	}
	return errors.Join(refusals...)
}

// concerns: Envoy names the resource that it refuses. A text that names none of those known concerns everything.
func (b *bridge) concerns(text string, wanted xds.Resources) bool {
	named := func(names []string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(text, name) })
	}
	own := slices.Concat(slices.Collect(maps.Keys(wanted.Listeners)), slices.Collect(maps.Keys(wanted.Routes)),
		slices.Collect(maps.Keys(wanted.Clusters)), slices.Collect(maps.Keys(wanted.Endpoints)))
	if named(own) {
		return true
	}
	for _, r := range b.current.byType {
		if named(slices.Collect(maps.Keys(r))) {
			return false
		}
	}
	return len(own) > 0
}

// open lets the Envoys have what was collected. Before it, an Envoy that outlived this program keeps what it has.
func (b *bridge) open() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ready = true
	b.changed.notify()
}
