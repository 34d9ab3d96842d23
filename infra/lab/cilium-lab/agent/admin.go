package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"

	lb "github.com/cilium/cilium/pkg/loadbalancer"
)

// admin is the HTTP interface of the lab's supervisor and tests; on loopback only.
type admin struct {
	proxy  *serviceProxy
	bridge *bridge
}

func serveAdmin(ctx context.Context, port int, a admin) error {
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("admin: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", a.ready)
	mux.HandleFunc("GET /frontends", a.frontends)
	mux.HandleFunc("GET /envoy", a.envoy)
	mux.HandleFunc("GET /connections", a.connections)
	mux.HandleFunc("POST /freeze", func(w http.ResponseWriter, r *http.Request) { a.freeze(w, r, true) })
	mux.HandleFunc("POST /thaw", func(w http.ResponseWriter, r *http.Request) { a.freeze(w, r, false) })
	s := &http.Server{Handler: mux}
	context.AfterFunc(ctx, func() { s.Close() })
	go s.Serve(l)
	return nil
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("content-type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

func (a admin) ready(w http.ResponseWriter, _ *http.Request) {
	a.bridge.mu.Lock()
	ready := a.bridge.ready
	a.bridge.mu.Unlock()
	if !ready {
		reply(w, http.StatusServiceUnavailable, map[string]any{"ready": false, "reason": "waiting for the API server and the other clusters"})
		return
	}
	reply(w, http.StatusOK, map[string]any{"ready": true})
}

type backendView struct {
	Address   string `json:"address"`
	Source    string `json:"source"` // k8s (this cluster) or clustermesh
	ClusterID uint32 `json:"clusterId"`
	State     string `json:"state"`
	Weight    uint16 `json:"weight"`
	Zone      string `json:"zone,omitempty"`
}

type frontendView struct {
	Frontend  string        `json:"frontend"`
	Service   string        `json:"service"` // namespace/name
	Type      string        `json:"type"`
	Status    string        `json:"status"`
	Error     string        `json:"error,omitempty"`
	ProxyPort uint16        `json:"proxyPort"`           // 0: not redirected
	Listening string        `json:"listening,omitempty"` // address on this machine
	BindError string        `json:"bindError,omitempty"`
	Backends  []backendView `json:"backends"`
}

func (a admin) frontends(w http.ResponseWriter, _ *http.Request) {
	views := []frontendView{}
	for fe := range a.proxy.frontends.All(a.proxy.db.ReadTxn()) {
		views = append(views, a.view(fe))
	}
	reply(w, http.StatusOK, views)
}

func (a admin) view(fe *lb.Frontend) frontendView {
	v := frontendView{Frontend: fe.Address.StringWithProtocol(), Service: fe.ServiceName.String(), Type: string(fe.Type),
		Status: fe.Status.Kind.String(), Error: fe.Status.GetError(), Backends: []backendView{}}
	if r := fe.Service.ProxyRedirects.ForPort(fe.ServicePort); r != nil {
		v.ProxyPort = r.ProxyPort
	}
	for be := range fe.Backends {
		state, _ := be.State.String()
		if be.Unhealthy {
			state = "unhealthy"
		}
		v.Backends = append(v.Backends, backendView{be.Address.StringWithProtocol(), string(be.Source), be.ClusterID, state, be.Weight, be.GetZone()})
	}
	if at, ok := entranceOf(fe); ok {
		a.proxy.mu.Lock()
		defer a.proxy.mu.Unlock()
		if e := a.proxy.open[at]; e != nil {
			v.BindError = e.bindError
			if e.listener != nil {
				v.Listening = at.String()
			}
		}
	}
	return v
}

type typeView struct {
	Sent     uint64 `json:"sent"`     // version sent last, counted per connection
	Accepted uint64 `json:"accepted"` // version accepted last
	Nack     string `json:"nack,omitempty"`
}

func (a admin) envoy(w http.ResponseWriter, _ *http.Request) {
	b := a.bridge
	b.mu.Lock()
	defer b.mu.Unlock()
	nodes := map[string]any{}
	for _, n := range b.nodes {
		types := map[string]typeView{}
		for typeURL, s := range n.states {
			types[shortType(typeURL)] = typeView{s.sent, s.accepted, s.nack}
		}
		nodes[n.name] = map[string]any{"address": n.address, "connected": n.stream != nil, "frozen": n.frozen,
			"target": n.target.version, "applied": n.applied, "types": types}
	}
	all := map[string]map[string]json.RawMessage{}
	for typeURL, set := range b.current.byType {
		named := map[string]json.RawMessage{}
		for name, r := range set {
			if typeURL == secretType {
				named[name] = json.RawMessage(`"(not shown)"`)
				continue
			}
			text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(r)
			if err != nil {
				text, _ = json.Marshal(err.Error())
			}
			named[name] = text
		}
		all[shortType(typeURL)] = named
	}
	reply(w, http.StatusOK, map[string]any{"version": b.current.version, "nodes": nodes, "resources": all})
}

func shortType(typeURL string) string { return typeURL[strings.LastIndex(typeURL, ".")+1:] }

func (a admin) connections(w http.ResponseWriter, _ *http.Request) {
	a.proxy.mu.Lock()
	defer a.proxy.mu.Unlock()
	views := map[string]any{}
	for _, e := range a.proxy.open {
		views[e.frontend.StringWithProtocol()] = map[string]int64{"active": e.active.Load(), "accepted": e.accepted.Load(),
			"refused": e.refused.Load(), "viaEnvoy": e.viaEnvoy.Load(), "direct": e.direct.Load()}
	}
	reply(w, http.StatusOK, views)
}

func (a admin) freeze(w http.ResponseWriter, r *http.Request, frozen bool) {
	name := r.URL.Query().Get("node")
	i := slices.IndexFunc(a.bridge.nodes, func(n *node) bool { return n.name == name })
	if i < 0 {
		reply(w, http.StatusNotFound, map[string]any{"error": fmt.Sprintf("there is no node %q", name)})
		return
	}
	redirects := map[lb.ServiceName]lb.ProxyRedirects{}
	for fe := range a.proxy.frontends.All(a.proxy.db.ReadTxn()) {
		redirects[fe.ServiceName] = fe.Service.ProxyRedirects
	}
	a.bridge.setFrozen(a.bridge.nodes[i], frozen, redirects)
	reply(w, http.StatusOK, map[string]any{"node": name, "frozen": frozen})
}

// setFrozen keeps a node at what it has now, or lets it catch up.
func (b *bridge) setFrozen(n *node, frozen bool, redirects map[lb.ServiceName]lb.ProxyRedirects) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if frozen && !n.frozen {
		n.redirects = redirects
	}
	if !frozen {
		n.redirects, n.target = nil, b.current
	}
	n.frozen = frozen
	b.changed.notify()
}
