package main

import (
	"strings"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	upstreams "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Same bytes for the same resource: what did not change is not sent again.
var canonical = proto.MarshalOptions{Deterministic: true}

// loopback gives the address on this machine of a pod or service: 10.1.0.7 is 127.1.0.7.
func loopback(address string) string {
	if rest, ok := strings.CutPrefix(address, "10."); ok {
		return "127." + rest
	}
	return address
}

// forStockEnvoy turns a resource that Cilium made for its own Envoy build into one for a stock Envoy on this machine:
// Cilium's filters go (they need its eBPF maps), addresses become loopback ones, dynamic parts come from this ADS server.
func forStockEnvoy[M proto.Message](resource M) M {
	clone := proto.Clone(resource).(M)
	rewrite(clone.ProtoReflect())
	return clone
}

func rewrite(message protoreflect.Message) {
	switch m := message.Interface().(type) {
	case *anypb.Any:
		inner, err := m.UnmarshalNew()
		if err != nil {
			return // a type that this program does not link: left as it is
		}
		rewrite(inner.ProtoReflect())
		if value, err := canonical.Marshal(inner); err == nil {
			m.Value = value
		}
		return
	case *core.ConfigSource:
		m.ConfigSourceSpecifier = &core.ConfigSource_Ads{Ads: &core.AggregatedConfigSource{}}
		m.ResourceApiVersion = core.ApiVersion_V3
		m.InitialFetchTimeout = durationpb.New(0) // wait for this server, which always answers
		return
	case *core.SocketAddress:
		m.Address = loopback(m.Address)
	case *listener.Listener:
		m.AdditionalAddresses, m.Transparent, m.Freebind = nil, nil, nil
		m.ListenerFilters = withoutCilium(m.ListenerFilters)
		if len(m.FilterChains) == 1 { // its match speaks about addresses that are others here
			m.FilterChains[0].FilterChainMatch = nil
		}
	case *listener.FilterChain:
		m.Filters = withoutCilium(m.Filters)
	case *hcm.HttpConnectionManager:
		m.HttpFilters = withoutCilium(m.HttpFilters)
	case *upstreams.HttpProtocolOptions:
		m.HttpFilters = nil // Cilium's policy filter, and the codec filter that is the default without it
	}
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		rewriteField(field, value)
		return true
	})
}

func rewriteField(field protoreflect.FieldDescriptor, value protoreflect.Value) {
	switch {
	case field.IsMap():
		if field.MapValue().Message() != nil {
			value.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				rewrite(v.Message())
				return true
			})
		}
	case field.Message() == nil:
	case field.IsList():
		for i := range value.List().Len() {
			rewrite(value.List().Get(i).Message())
		}
	default:
		rewrite(value.Message())
	}
}

func withoutCilium[F interface{ GetName() string }](filters []F) []F {
	var kept []F
	for _, f := range filters {
		if !strings.HasPrefix(f.GetName(), "cilium.") {
			kept = append(kept, f)
		}
	}
	return kept
}

// edsName is the name by which Envoy asks for the endpoints of a cluster; "" when the cluster holds its own.
func edsName(c *clusterv3.Cluster) string {
	if c.GetType() != clusterv3.Cluster_EDS {
		return ""
	}
	if name := c.GetEdsClusterConfig().GetServiceName(); name != "" {
		return name
	}
	return c.Name
}
