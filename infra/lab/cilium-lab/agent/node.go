package main

import (
	"fmt"
	"net/netip"
	"strings"

	lb "github.com/cilium/cilium/pkg/loadbalancer"
)

// node is one Envoy and the clients beside it. Everything but name and address is guarded by the bridge's lock.
type node struct {
	name    string     // Envoy's node id
	address netip.Addr // where its listeners wait; its clients share the first three octets

	frozen    bool
	redirects map[lb.ServiceName]lb.ProxyRedirects // while frozen: those at the time of freezing
	target    *snapshot
	stream    *stream // nil while no Envoy of this name is connected
	applied   uint64  // the version up to which the connected Envoy has answered
	states    map[string]typeState
}

// typeState is what one Envoy said about one resource type.
type typeState struct {
	sent, accepted uint64
	nack           string // text of the refusal of the version sent last; "" when it was accepted
}

// parseNodes reads NAME=127.1.1.1,NAME2=127.1.2.1.
func parseNodes(text string) ([]*node, error) {
	var nodes []*node
	for part := range strings.SplitSeq(text, ",") {
		name, address, ok := strings.Cut(part, "=")
		ip, err := netip.ParseAddr(address)
		if !ok || name == "" || err != nil || !ip.Is4() || !ip.IsLoopback() {
			return nil, fmt.Errorf("--nodes: %q is not NAME=LOOPBACK-ADDRESS", part)
		}
		nodes = append(nodes, &node{name: name, address: ip, states: map[string]typeState{}})
	}
	return nodes, nil
}

func sameNode(a, b netip.Addr) bool {
	x, y := a.As4(), b.As4()
	return x[0] == y[0] && x[1] == y[1] && x[2] == y[2]
}
