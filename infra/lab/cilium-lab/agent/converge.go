package main

import (
	"context"
	"maps"
	"time"
)

// run brings Envoy to its node's target, again and again, until the stream ends.
func (s *stream) run(ctx context.Context) {
	for ctx.Err() == nil {
		more := s.bridge.changed.wait()
		s.bridge.mu.Lock()
		target, ready := s.node.target, s.bridge.ready
		s.bridge.mu.Unlock()
		var lingering <-chan time.Time
		if ready {
			if until := s.converge(ctx, target); !until.IsZero() {
				lingering = time.After(time.Until(until))
			}
			s.applied(target.version)
		}
		select {
		case <-ctx.Done():
		case <-more:
		case <-lingering:
		}
	}
}

func (s *stream) applied(version uint64) {
	s.bridge.mu.Lock()
	defer s.bridge.mu.Unlock()
	if s.node.stream == s && s.node.applied < version {
		s.node.applied = version
		s.bridge.changed.notify()
	}
}

// converge: clusters with endpoints, then routes and listeners. It returns when the next lingering resource is due.
func (s *stream) converge(ctx context.Context, target *snapshot) time.Time {
	listenersHere := target.listenersAt(s.node.address.String())
	s.mu.Lock()
	previous := s.serving
	if previous == nil {
		previous = emptySnapshot()
	}
	clusters, clustersDue := s.withLingering("cluster ", s.served.clusters, target.byType[clusterType], clusterLinger)
	listeners, listenersDue := s.withLingering("listener ", s.served.listeners, listenersHere, listenerLinger)

	newClusters := s.serving == nil || !clusters.equal(s.served.clusters)
	newEndpoints := !target.byType[endpointsType].equal(previous.byType[endpointsType])
	newRoutes := !target.byType[routeType].equal(previous.byType[routeType])
	newSecrets := !target.byType[secretType].equal(previous.byType[secretType])
	newListeners := s.serving == nil || !listeners.equal(s.served.listeners)
	staged := *target
	staged.byType = maps.Clone(target.byType)
	staged.byType[endpointsType] = withOld(previous.byType[endpointsType], target.byType[endpointsType])
	staged.byType[routeType] = previous.byType[routeType] // until their clusters are there
	s.serving, s.served.clusters = &staged, clusters
	if newSecrets {
		s.push(secretType)
	}
	if newClusters {
		s.push(clusterType)
	}
	s.mu.Unlock()

	if newClusters {
		s.settle(ctx, func() bool { return s.answered(clusterType) && s.endpointsAskedFor(target) })
	}
	if newClusters || newEndpoints { // a changed cluster becomes ready only by another answer with its endpoints
		s.pushAndSettle(ctx, endpointsType)
	}
	s.mu.Lock()
	whole := staged
	whole.byType = maps.Clone(staged.byType)
	whole.byType[routeType] = withOld(previous.byType[routeType], target.byType[routeType])
	s.serving = &whole
	s.mu.Unlock()
	if newRoutes {
		s.pushAndSettle(ctx, routeType)
	}
	if newListeners {
		s.mu.Lock()
		s.served.listeners = listeners
		s.push(listenerType)
		s.mu.Unlock()
		s.settle(ctx, func() bool { return s.answered(listenerType) && s.routesAnswered(target) })
	}
	return earlier(clustersDue, listenersDue)
}

// withOld keeps names that Cilium dropped: Envoy is not told about those, they end with the cluster or listener.
func withOld(old, wanted resources) resources {
	merged := maps.Clone(old)
	maps.Copy(merged, wanted)
	return merged
}

// withLingering adds what is served and no longer wanted, until its time is over.
func (s *stream) withLingering(kind string, served, wanted resources, linger time.Duration) (resources, time.Time) {
	all, due, now := maps.Clone(wanted), time.Time{}, time.Now()
	for name := range wanted {
		delete(s.gone, kind+name)
	}
	for name, r := range served {
		if _, ok := wanted[name]; ok {
			continue
		}
		since, ok := s.gone[kind+name]
		if !ok {
			since = now
			s.gone[kind+name] = now
		}
		if end := since.Add(linger); end.After(now) {
			all[name], due = r, earlier(due, end)
		} else {
			delete(s.gone, kind+name)
		}
	}
	return all, due
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// These are conditions for settle, called with s.mu held.

// settled: nothing of the type is on its way.
func (s *stream) settled(typeURL string) bool {
	sub := s.subs[typeURL]
	return sub == nil || sub.nonce == 0 || sub.settled
}

// answered: Envoy asked for the type, was sent it, and accepted or refused it.
func (s *stream) answered(typeURL string) bool {
	sub := s.subs[typeURL]
	return sub != nil && sub.nonce != 0 && sub.settled
}

// routesAnswered: a new listener opens its port when it has its routes.
func (s *stream) routesAnswered(target *snapshot) bool {
	sub := s.subs[routeType]
	for _, name := range target.routesInUse() {
		if sub == nil || !sub.names[name] {
			return false
		}
	}
	return s.settled(routeType)
}

func (s *stream) endpointsAskedFor(target *snapshot) bool {
	for cluster := range target.byType[clusterType] {
		name := target.edsNames[cluster]
		if name == "" {
			continue
		}
		if sub := s.subs[endpointsType]; sub == nil || !sub.names[name] {
			return false
		}
	}
	return true
}

func (s *stream) pushAndSettle(ctx context.Context, typeURL string) {
	s.mu.Lock()
	s.push(typeURL)
	s.mu.Unlock()
	s.settle(ctx, func() bool { return s.settled(typeURL) })
}

// settle waits for Envoy, but not for ever: one that hangs gets the rest when it wakes up.
func (s *stream) settle(ctx context.Context, done func() bool) {
	timeout := time.NewTimer(stepTimeout)
	defer timeout.Stop()
	for {
		more := s.changed.wait()
		s.mu.Lock()
		ok := done()
		s.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-timeout.C:
			log.Warn("envoy does not answer", "node", s.node.name)
			return
		case <-more:
		}
	}
}
