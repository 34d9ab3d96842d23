package main

import (
	"context"
	"net/netip"
	"time"

	"github.com/cilium/hive/cell"
	"github.com/cilium/hive/job"
	"github.com/cilium/statedb"
	"github.com/cilium/statedb/reconciler"

	"github.com/cilium/cilium/daemon/cmd/cni"
	daemonk8s "github.com/cilium/cilium/daemon/k8s"
	"github.com/cilium/cilium/pkg/bpf"
	cec "github.com/cilium/cilium/pkg/ciliumenvoyconfig"
	"github.com/cilium/cilium/pkg/clustermesh"
	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/datapath/iptables/ipset"
	"github.com/cilium/cilium/pkg/datapath/tables"
	ciliumdial "github.com/cilium/cilium/pkg/dial"
	"github.com/cilium/cilium/pkg/endpoint/regeneration"
	"github.com/cilium/cilium/pkg/envoy"
	envoyCfg "github.com/cilium/cilium/pkg/envoy/config"
	_ "github.com/cilium/cilium/pkg/envoy/resource" // registers every protobuf type that the agent knows
	"github.com/cilium/cilium/pkg/ipcache"
	"github.com/cilium/cilium/pkg/k8s/client"
	"github.com/cilium/cilium/pkg/k8s/synced"
	k8sTables "github.com/cilium/cilium/pkg/k8s/tables"
	"github.com/cilium/cilium/pkg/kpr"
	"github.com/cilium/cilium/pkg/kvstore"
	"github.com/cilium/cilium/pkg/kvstore/store"
	"github.com/cilium/cilium/pkg/lbipamconfig"
	lb "github.com/cilium/cilium/pkg/loadbalancer"
	"github.com/cilium/cilium/pkg/loadbalancer/maps"
	lbreconciler "github.com/cilium/cilium/pkg/loadbalancer/reconciler"
	"github.com/cilium/cilium/pkg/loadbalancer/reflectors"
	"github.com/cilium/cilium/pkg/loadbalancer/writer"
	"github.com/cilium/cilium/pkg/maglev"
	"github.com/cilium/cilium/pkg/metrics"
	ciliumnode "github.com/cilium/cilium/pkg/node"
	nodemanager "github.com/cilium/cilium/pkg/node/manager"
	"github.com/cilium/cilium/pkg/nodeipamconfig"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/promise"
	"github.com/cilium/cilium/pkg/proxy/proxyports"
	"github.com/cilium/cilium/pkg/source"
)

func cells(opts *options) cell.Cell {
	return cell.Group(loadBalancing(), clusterMesh(), envoyConfigs(), ours(opts))
}

// loadBalancing is the agent's path from Services and EndpointSlices to frontends with backends.
func loadBalancing() cell.Cell {
	return cell.Group(
		client.Cell, daemonk8s.ResourcesCell, k8sTables.TablesCell, maglev.Cell, metrics.Cell,
		lbipamconfig.Cell, nodeipamconfig.Cell, ciliumnode.LocalNodeStoreCell, cell.Provide(newLocalNode), cni.Cell, ipset.Cell,
		ciliumdial.ServiceResolverCell, cell.Config(envoyCfg.SecretSyncConfig{}),
		lb.ConfigCell, writer.Cell, reflectors.Cell, lbreconciler.Cell,
		cell.Provide(
			func() bpf.MapOut[maps.LBMaps] { return bpf.NewMapOut[maps.LBMaps](maps.NewFakeLBMaps()) },
			tables.NewNodeAddressTable, statedb.RWTable[tables.NodeAddress].ToTable, source.NewSources,
			func() *option.DaemonConfig {
				return &option.DaemonConfig{EnableIPv4: true, EnableL7Proxy: true, EnableEnvoyConfig: true}
			},
			func() kpr.KPRConfig { return kpr.KPRConfig{KubeProxyReplacement: true, EnableSocketLB: true} },
		),
	)
}

// clusterMesh is the agent's reader of the other clusters' etcds.
func clusterMesh() cell.Cell {
	return cell.Group(
		cell.Config(cmtypes.DefaultClusterInfo),
		cell.Invoke(cmtypes.ClusterInfo.InitClusterIDMax, cmtypes.ClusterInfo.Validate),
		cell.Provide(
			func() store.Factory { return store.NewFactory(ciliumLog, store.MetricsProvider()) },
			func() kvstore.Config {
				return kvstore.Config{KVStoreLeaseTTL: 15 * time.Minute, KVstoreMaxConsecutiveQuorumErrors: 2}
			},
			func() clustermesh.ClusterMeshMetrics { return noMetrics{} },
			func() clustermesh.RemoteIdentityWatcher { return noIdentities{} },
			func() nodemanager.NodeManager { return noNodes{} },
			func() *ipcache.IPCache {
				return ipcache.NewIPCache(&ipcache.Configuration{Context: context.Background(), Logger: ciliumLog})
			},
		),
		clustermesh.Cell,
	)
}

// envoyConfigs is the agent's CiliumEnvoyConfig controller.
func envoyConfigs() cell.Cell {
	return cell.Group(
		cell.Invoke(func(*ciliumnode.LocalNodeStore) {}), // must start before the parser
		synced.Cell,
		cell.Config(envoyCfg.ProxyConfig{}),
		cec.Cell,
		cell.Provide(
			func() *policy.Updater { return policy.NewUpdater(ciliumLog, noPolicy{}, noPolicy{}, noPolicy{}) },
			func() *proxyports.ProxyPorts { return nil },
			func() cec.FeatureMetrics { return noFeatures{} },
			regeneration.NewFence,
			func() promise.Promise[synced.CRDSync] {
				resolver, p := promise.New[synced.CRDSync]()
				resolver.Resolve(synced.CRDSync{})
				return p
			},
		),
		cell.DecorateAll(func(cec.PortAllocator) cec.PortAllocator { return newProxyPorts() }),
	)
}

func ours(opts *options) cell.Cell {
	return cell.Group(
		cell.Provide(
			func(db *statedb.DB) *bridge { return newBridge(db, opts.nodes) },
			func(b *bridge) envoy.XDSServer { return b },
			func(db *statedb.DB, frontends statedb.Table[*lb.Frontend], b *bridge) *serviceProxy {
				return &serviceProxy{db: db, frontends: frontends, bridge: b, open: map[netip.AddrPort]*entrance{}}
			},
		),
		cell.Invoke(func(g job.Group, b *bridge, p *serviceProxy, configs statedb.Table[*cec.CEC]) {
			g.Add(job.OneShot("lab", func(ctx context.Context, _ cell.Health) error {
				return runLab(ctx, opts, b, p, configs)
			}, job.WithShutdown()))
		}),
	)
}

func runLab(ctx context.Context, opts *options, b *bridge, p *serviceProxy, configs statedb.Table[*cec.CEC]) error {
	if err := serveADS(ctx, opts.adsPort, b); err != nil {
		return err
	}
	if err := serveAdmin(ctx, opts.adminPort, admin{proxy: p, bridge: b}); err != nil {
		return err
	}
	go func() {
		if awaitSync(ctx, b, p, configs) == nil {
			b.open()
			log.Info("ready", "admin", opts.adminPort, "ads", opts.adsPort)
		}
	}()
	return p.follow(ctx)
}

// awaitSync waits until Cilium has read Services, backends and CiliumEnvoyConfigs and has handed everything over once.
func awaitSync(ctx context.Context, b *bridge, p *serviceProxy, configs statedb.Table[*cec.CEC]) error {
	_, frontendsRead := p.frontends.Initialized(p.db.ReadTxn())
	_, configsRead := configs.Initialized(p.db.ReadTxn())
	for _, read := range []<-chan struct{}{frontendsRead, configsRead} {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-read:
		}
	}
	for quiet := 0; quiet < 3; { // the controller looks every 100 ms
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
		quiet++
		if b.pending() {
			quiet = 0
		}
	}
	return nil
}

// pending: Cilium has resources that it has not handed over yet.
func (b *bridge) pending() bool {
	txn := b.db.ReadTxn()
	table, ok := b.db.GetTable(txn, cec.EnvoyResourcesTableName).(statedb.Table[*cec.EnvoyResource])
	if !ok {
		return false
	}
	for r := range table.All(txn) {
		if r.Status.Kind == reconciler.StatusKindPending || r.Status.Kind == reconciler.StatusKindRefreshing {
			return true
		}
	}
	return false
}
