package main

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"
)

// How long removed resources stay with Envoy. A listener: until connections that were being opened to it are in.
// A cluster: until the connections of a removed listener have been drained (Envoy runs with --drain-time-s 10).
const (
	listenerLinger = 300 * time.Millisecond
	clusterLinger  = 12 * time.Second
	stepTimeout    = 5 * time.Second
)

type adsServer struct {
	discovery.UnimplementedAggregatedDiscoveryServiceServer
	bridge *bridge
}

func serveADS(ctx context.Context, port int, b *bridge) error {
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("ADS: %w", err)
	}
	// The bootstrap makes Envoy send a ping every 5 s; the default here is to hang up on more than one in 5 min.
	s := grpc.NewServer(grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}))
	discovery.RegisterAggregatedDiscoveryServiceServer(s, adsServer{bridge: b})
	context.AfterFunc(ctx, s.Stop)
	go s.Serve(l)
	return nil
}

func (a adsServer) StreamAggregatedResources(srv discovery.AggregatedDiscoveryService_StreamAggregatedResourcesServer) error {
	first, err := srv.Recv()
	if err != nil {
		return err
	}
	b := a.bridge
	i := slices.IndexFunc(b.nodes, func(n *node) bool { return n.name == first.GetNode().GetId() })
	if i < 0 {
		return status.Errorf(codes.InvalidArgument, "node %q is not in --nodes", first.GetNode().GetId())
	}
	ctx, cancel := context.WithCancel(srv.Context())
	defer cancel()
	s := &stream{bridge: b, node: b.nodes[i], srv: srv, subs: map[string]*subscription{}, changed: newBroadcast(), gone: map[string]time.Time{}}
	b.mu.Lock()
	s.node.stream, s.node.applied, s.node.states = s, 0, map[string]typeState{}
	b.mu.Unlock()
	log.Info("envoy connected", "node", s.node.name)
	defer s.leave()
	go s.run(ctx)
	for request := first; ; {
		s.receive(request)
		if request, err = srv.Recv(); err != nil {
			return err
		}
	}
}

// subscription is what one Envoy wants of one type, and what it is being served.
type subscription struct {
	names   map[string]bool // of endpoints, routes, secrets; listeners and clusters are always all
	nonce   uint64          // of the last response; 0 before the first
	settled bool            // Envoy has answered the last response
}

// stream is one connected Envoy. It is state-of-the-world xDS in an order in which no request finds a gap:
// clusters and endpoints, then routes and listeners, and removals at the end.
type stream struct {
	bridge  *bridge
	node    *node
	srv     discovery.AggregatedDiscoveryService_StreamAggregatedResourcesServer
	changed *broadcast

	mu      sync.Mutex
	subs    map[string]*subscription
	serving *snapshot // nil until the first snapshot is on its way
	served  struct{ clusters, listeners resources }
	gone    map[string]time.Time // removed listeners and clusters that still linger
}

func (s *stream) leave() {
	s.bridge.mu.Lock()
	defer s.bridge.mu.Unlock()
	if s.node.stream == s {
		s.node.stream = nil
	}
	s.bridge.changed.notify()
	log.Info("envoy disconnected", "node", s.node.name)
}

func (s *stream) receive(r *discovery.DiscoveryRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.subs[r.TypeUrl]
	if sub == nil {
		sub = &subscription{names: map[string]bool{}}
		s.subs[r.TypeUrl] = sub
	}
	if r.ResponseNonce != "" && sub.nonce != 0 {
		if r.ResponseNonce != strconv.FormatUint(sub.nonce, 10) {
			return // an answer to an older response; the one to the last is on its way
		}
		sub.settled = true
		s.record(r, sub.nonce)
	}
	added := false
	names := map[string]bool{}
	for _, n := range r.ResourceNames {
		names[n] = true
		added = added || !sub.names[n]
	}
	sub.names = names
	if s.serving != nil && (added || sub.nonce == 0) {
		s.push(r.TypeUrl)
	}
	s.changed.notify()
}

func (s *stream) record(r *discovery.DiscoveryRequest, nonce uint64) {
	s.bridge.mu.Lock()
	defer s.bridge.mu.Unlock()
	state := s.node.states[r.TypeUrl]
	if detail := r.GetErrorDetail(); detail != nil {
		if state.nack != detail.GetMessage() {
			log.Warn("envoy refused", "node", s.node.name, "type", r.TypeUrl, "text", detail.GetMessage())
		}
		state.nack = detail.GetMessage()
	} else {
		state.nack, state.accepted = "", nonce
	}
	s.node.states[r.TypeUrl] = state
}

// push sends what is being served of a type. The caller holds s.mu.
func (s *stream) push(typeURL string) {
	sub := s.subs[typeURL]
	if sub == nil {
		return // sent when Envoy asks
	}
	var list []*anypb.Any
	switch typeURL {
	case clusterType:
		list = sorted(s.served.clusters)
	case listenerType:
		if s.served.listeners == nil {
			return // sent when their clusters are there: an empty answer would take an Envoy's listeners away
		}
		list = sorted(s.served.listeners)
	default:
		for _, name := range slices.Sorted(maps.Keys(sub.names)) {
			if typeURL == endpointsType {
				list = append(list, s.serving.endpointsOf(name))
			} else if r, ok := s.serving.byType[typeURL][name]; ok {
				list = append(list, r)
			}
		}
		if len(list) == 0 {
			return
		}
	}
	sub.nonce++
	sub.settled = false
	text := strconv.FormatUint(sub.nonce, 10)
	s.bridge.mu.Lock()
	state := s.node.states[typeURL]
	state.sent = sub.nonce
	s.node.states[typeURL] = state
	s.bridge.mu.Unlock()
	if err := s.srv.Send(&discovery.DiscoveryResponse{VersionInfo: text, Nonce: text, TypeUrl: typeURL, Resources: list}); err != nil {
		log.Debug("send", "node", s.node.name, "error", err)
	}
}

func sorted(r resources) []*anypb.Any {
	list := make([]*anypb.Any, 0, len(r))
	for _, name := range slices.Sorted(maps.Keys(r)) {
		list = append(list, r[name])
	}
	return list
}
