// cilium-lab is one cluster's Cilium on a machine without eBPF: the agent's own load-balancing, cluster-mesh and
// CiliumEnvoyConfig controllers (Cilium 1.20.2, as a library), which decide everything, and three parts of ours that
// stand where the agent has its datapath:
//
//	bridge         hands the controller's xDS resources to stock Envoys, one per node (ADS)
//	service proxy  listens on every ClusterIP and connects to an Envoy or a backend, as socket load balancing does
//	admin          HTTP for the lab's supervisor
//
//	cilium-lab --k8s-kubeconfig-path=KC --cluster-name=c1 --cluster-id=1 --clustermesh-config=DIR \
//	    --admin-port=P --ads-port=P --nodes=NODE=127.1.1.1,NODE2=127.1.2.1 [any flag of the agent's controllers]
//
// DIR holds one etcd client configuration per other cluster, named as the cluster. Addresses 10.x.y.z of the Kubernetes
// API are 127.x.y.z on this machine. Logs go to stderr: ours from info on, Cilium's from warning on ($CILIUM_LAB_DEBUG=1: all).
package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/pflag"

	"github.com/cilium/cilium/pkg/hive"
)

var log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: levelOf(slog.LevelInfo)}))

var ciliumLog = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: levelOf(slog.LevelWarn)})).With("from", "cilium")

func levelOf(usual slog.Level) slog.Level {
	if os.Getenv("CILIUM_LAB_DEBUG") != "" {
		return slog.LevelDebug
	}
	return usual
}

type options struct {
	adminPort, adsPort int
	nodes              []*node
}

func main() {
	adminPort := pflag.Int("admin-port", 0, "port of the admin HTTP server on 127.0.0.1")
	adsPort := pflag.Int("ads-port", 0, "port of the ADS server on 127.0.0.1")
	nodes := pflag.String("nodes", "", "Envoy node ids with the address of their listeners: NAME=127.1.1.1,…")
	pflag.String("maps", "fake", "only fake: the service maps are kept in memory")
	opts := &options{}
	h := hive.New(cells(opts))
	h.RegisterFlags(pflag.CommandLine)
	// Shorter than the agent's, since people and tests wait for a lab; a flag on the command line overrules them.
	pflag.CommandLine.Set("envoy-config-retry-interval", "1s") // the agent has 15 s
	pflag.CommandLine.Set("clustermesh-sync-timeout", "15s")   // the agent has 1 min: how long a dead cluster delays /ready
	pflag.Parse()
	var err error
	if opts.nodes, err = parseNodes(*nodes); err == nil && (*adminPort <= 0 || *adsPort <= 0) {
		err = fmt.Errorf("--admin-port and --ads-port are required")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cilium-lab:", err)
		os.Exit(2)
	}
	opts.adminPort, opts.adsPort = *adminPort, *adsPort
	if err := h.Run(ciliumLog); err != nil {
		log.Error("cilium-lab has ended", "error", err)
		os.Exit(1)
	}
}
