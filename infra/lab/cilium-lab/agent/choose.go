package main

import (
	"errors"
	"math/rand/v2"
	"net/netip"

	lb "github.com/cilium/cilium/pkg/loadbalancer"
)

var (
	errNoFrontend = errors.New("the frontend is gone")
	errNoBackend  = errors.New("the frontend has no backend")
)

// choose decides where a new connection goes: to the Envoy of the client's node if Cilium redirects the frontend,
// else to any backend that Cilium would put into its service map.
func (p *serviceProxy) choose(frontend lb.L3n4Addr, from netip.Addr) (to netip.AddrPort, l7 bool, err error) {
	fe, _, found := p.frontends.Get(p.db.ReadTxn(), lb.FrontendByAddress(frontend))
	if !found {
		return to, false, errNoFrontend
	}
	n := p.bridge.nodeOf(from)
	if redirect := p.bridge.redirects(n, fe.Service).ForPort(fe.ServicePort); redirect != nil {
		return netip.AddrPortFrom(n.address, redirect.ProxyPort), true, nil
	}
	candidates := backendsOf(fe)
	if len(candidates) == 0 {
		return to, false, errNoBackend
	}
	return candidates[rand.IntN(len(candidates))], false, nil
}

// backendsOf follows Cilium's reconciler: the active ones, and the terminating ones when there is no active one.
func backendsOf(fe *lb.Frontend) (chosen []netip.AddrPort) {
	var terminating []netip.AddrPort
	for be := range fe.Backends {
		ip, err := netip.ParseAddr(loopback(be.Address.AddrCluster().Addr().String()))
		if err != nil || be.Unhealthy {
			continue
		}
		at := netip.AddrPortFrom(ip, be.Address.Port())
		switch be.State {
		case lb.BackendStateActive:
			chosen = append(chosen, at)
		case lb.BackendStateTerminating:
			terminating = append(terminating, at)
		}
	}
	if len(chosen) == 0 {
		return terminating
	}
	return chosen
}

// nodeOf finds the node on which a client is by its address; a stranger counts as being on the first.
func (b *bridge) nodeOf(client netip.Addr) *node {
	for _, n := range b.nodes {
		if sameNode(n.address, client) {
			return n
		}
	}
	return b.nodes[0]
}

// redirects of a Service as a node has them: those at the time of freezing on a frozen one.
func (b *bridge) redirects(n *node, service *lb.Service) lb.ProxyRedirects {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n.frozen {
		return n.redirects[service.Name]
	}
	return service.ProxyRedirects
}
