package main

import (
	"context"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/cilium/statedb"

	"github.com/cilium/cilium/pkg/allocator"
	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/identity/cache"
	"github.com/cilium/cilium/pkg/kvstore"
	ciliumnode "github.com/cilium/cilium/pkg/node"
	nodeTypes "github.com/cilium/cilium/pkg/node/types"
	"github.com/cilium/cilium/pkg/policy"
)

// Stand-ins for the parts of the agent that have no meaning without its datapath: nodes, identities, policies, metrics.

type noNodes struct{}

func (noNodes) ClusterSizeDependantInterval(d time.Duration) time.Duration                  { return d }
func (noNodes) GetNodeIdentities() []nodeTypes.Identity                                     { return nil }
func (noNodes) GetNodes() map[nodeTypes.Identity]nodeTypes.Node                             { return nil }
func (noNodes) Enqueue(*nodeTypes.Node)                                                     {}
func (noNodes) MeshNodeSync()                                                               {}
func (noNodes) NodeSync()                                                                   {}
func (noNodes) NodeDeleted(nodeTypes.Node)                                                  {}
func (noNodes) NodeUpdated(nodeTypes.Node)                                                  {}
func (noNodes) Subscribe(ciliumnode.Handler)                                                {}
func (noNodes) Unsubscribe(ciliumnode.Handler)                                              {}
func (noNodes) SetPrefixClusterMutatorFn(func(*nodeTypes.Node) []cmtypes.PrefixClusterOpts) {}

type noIdentities struct{}

func (noIdentities) RemoveRemoteIdentities(string) {}
func (noIdentities) WatchRemoteIdentities(string, uint32, kvstore.BackendOperations, bool) (allocator.RemoteIDCache, error) {
	return &cache.NoopRemoteIDCache{}, nil
}

type noMetrics struct{}

func (noMetrics) AddClusterMeshConfig(string, string) {}
func (noMetrics) DelClusterMeshConfig(string, string) {}

type noFeatures struct{}

func (noFeatures) AddCEC()  {}
func (noFeatures) DelCEC()  {}
func (noFeatures) AddCCEC() {}
func (noFeatures) DelCCEC() {}

type noPolicy struct{ policy.PolicyRepository }

func (noPolicy) BumpRevision() uint64          { return 1 }
func (noPolicy) RegenerateAllForPolicy(uint64) {}
func (noPolicy) RecomputeIdentityPolicyForAllIdentities(uint64) (*statedb.WatchSet, error) {
	return nil, nil
}

// proxyPorts gives each listener of a CiliumEnvoyConfig a port, the same one when it comes back.
type proxyPorts struct {
	mu    sync.Mutex
	last  uint16
	ports map[string]uint16
}

func newProxyPorts() *proxyPorts { return &proxyPorts{last: 10000, ports: map[string]uint16{}} }

func (p *proxyPorts) AllocateCRDProxyPort(name string) (uint16, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ports[name] == 0 {
		p.last++
		p.ports[name] = p.last
	}
	return p.ports[name], nil
}

func (p *proxyPorts) ReallocateCRDProxyPort(name string) (uint16, error) {
	p.mu.Lock()
	delete(p.ports, name)
	p.mu.Unlock()
	return p.AllocateCRDProxyPort(name)
}

func (p *proxyPorts) AckProxyPortWithReference(context.Context, string) error { return nil }
func (p *proxyPorts) ReleaseProxyPort(string) error                           { return nil }

// localNode takes its labels (for spec.nodeSelector) from $NODE_LABELS: a=b,c=d.
type localNode struct {
	ciliumnode.LocalNodeSynchronizer
}

func newLocalNode() ciliumnode.LocalNodeSynchronizer {
	return localNode{ciliumnode.NewNopLocalNodeSynchronizer()}
}

func (localNode) InitLocalNode(_ context.Context, n *ciliumnode.LocalNode) error {
	n.Labels = map[string]string{}
	for pair := range strings.SplitSeq(os.Getenv("NODE_LABELS"), ",") {
		if name, value, ok := strings.Cut(pair, "="); ok {
			n.Labels[name] = value
		}
	}
	return nil
}
