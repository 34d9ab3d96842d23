package main

import (
	"bytes"
	"maps"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/cilium/cilium/pkg/envoy/xds"
)

const (
	typePrefix    = "type.googleapis.com/envoy."
	listenerType  = typePrefix + "config.listener.v3.Listener"
	routeType     = typePrefix + "config.route.v3.RouteConfiguration"
	clusterType   = typePrefix + "config.cluster.v3.Cluster"
	endpointsType = typePrefix + "config.endpoint.v3.ClusterLoadAssignment"
	secretType    = typePrefix + "extensions.transport_sockets.tls.v3.Secret"
)

var allTypes = []string{clusterType, endpointsType, secretType, routeType, listenerType}

// resources are what Envoy is sent of one type, by name, as canonical bytes.
type resources map[string]*anypb.Any

func (r resources) equal(other resources) bool {
	return maps.EqualFunc(r, other, func(a, b *anypb.Any) bool { return bytes.Equal(a.Value, b.Value) })
}

// snapshot is a consistent set of resources; it is never changed once made.
type snapshot struct {
	version   uint64
	byType    map[string]resources
	listeners map[string]*listener.Listener
	edsNames  map[string]string // cluster name → the name of its endpoints, "" when it has none to ask for
}

func emptySnapshot() *snapshot {
	s := &snapshot{byType: map[string]resources{}, listeners: map[string]*listener.Listener{}, edsNames: map[string]string{}}
	for _, t := range allTypes {
		s.byType[t] = resources{}
	}
	return s
}

func pack(typeURL string, m proto.Message) *anypb.Any {
	value, err := canonical.Marshal(m)
	if err != nil {
		log.Error("a resource cannot be encoded", "type", typeURL, "error", err)
	}
	return &anypb.Any{TypeUrl: typeURL, Value: value}
}

func (s *snapshot) next() *snapshot {
	n := &snapshot{version: s.version + 1, byType: map[string]resources{}, listeners: maps.Clone(s.listeners), edsNames: maps.Clone(s.edsNames)}
	for t, r := range s.byType {
		n.byType[t] = maps.Clone(r)
	}
	return n
}

func put[M proto.Message](s *snapshot, typeURL string, from map[string]M) {
	for name, m := range from {
		s.byType[typeURL][name] = pack(typeURL, forStockEnvoy(m))
	}
}

func drop[M proto.Message](s *snapshot, typeURL string, from, keep map[string]M) {
	for name := range from {
		if _, kept := keep[name]; !kept {
			delete(s.byType[typeURL], name)
			if typeURL == listenerType {
				delete(s.listeners, name)
			}
		}
	}
}

func (s *snapshot) upsert(r xds.Resources) {
	put(s, clusterType, r.Clusters)
	put(s, endpointsType, r.Endpoints)
	put(s, secretType, r.Secrets)
	put(s, routeType, r.Routes)
	put(s, listenerType, r.Listeners)
	for name, l := range r.Listeners {
		s.listeners[name] = forStockEnvoy(l)
	}
	for name, c := range r.Clusters {
		s.edsNames[name] = edsName(c)
	}
}

func (s *snapshot) remove(r, keep xds.Resources) {
	drop(s, listenerType, r.Listeners, keep.Listeners)
	drop(s, routeType, r.Routes, keep.Routes)
	drop(s, clusterType, r.Clusters, keep.Clusters)
	drop(s, endpointsType, r.Endpoints, keep.Endpoints)
	drop(s, secretType, r.Secrets, keep.Secrets)
}

// port is where a listener of Cilium's waits; 0 for an internal one.
func port(l *listener.Listener) uint16 {
	return uint16(l.GetAddress().GetSocketAddress().GetPortValue())
}

// listenersAt gives the listeners the address of one node: in a real cluster each node's Envoy has its own loopback.
func (s *snapshot) listenersAt(address string) resources {
	out := resources{}
	for name, l := range s.listeners {
		if l.GetAddress().GetSocketAddress() == nil {
			out[name] = pack(listenerType, l)
			continue
		}
		here := proto.Clone(l).(*listener.Listener)
		here.Address = &core.Address{Address: &core.Address_SocketAddress{SocketAddress: &core.SocketAddress{
			Address: address, PortSpecifier: &core.SocketAddress_PortValue{PortValue: uint32(port(l))}}}}
		out[name] = pack(listenerType, here)
	}
	return out
}

// endpointsOf answers for a name that Cilium has no endpoints of: none, so that the cluster becomes ready without any.
func (s *snapshot) endpointsOf(name string) *anypb.Any {
	if known, ok := s.byType[endpointsType][name]; ok {
		return known
	}
	return pack(endpointsType, &endpoint.ClusterLoadAssignment{ClusterName: name})
}

// routesInUse are the known route configurations that listeners ask for by name.
func (s *snapshot) routesInUse() []string {
	var names []string
	for _, l := range s.listeners {
		for _, chain := range l.FilterChains {
			for _, filter := range chain.Filters {
				manager := &hcm.HttpConnectionManager{}
				if filter.GetTypedConfig().UnmarshalTo(manager) != nil {
					continue
				}
				name := manager.GetRds().GetRouteConfigName()
				if _, known := s.byType[routeType][name]; known {
					names = append(names, name)
				}
			}
		}
	}
	return names
}
