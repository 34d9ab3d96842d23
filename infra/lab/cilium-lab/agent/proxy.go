package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cilium/statedb"
	"golang.org/x/sys/unix"

	lb "github.com/cilium/cilium/pkg/loadbalancer"
)

const dialTimeout = time.Second

// serviceProxy does in user space what Cilium's socket load balancing does at connect(2): it picks an Envoy or a
// backend once, for a new connection; connections that exist stay where they are. One listener per ClusterIP frontend.
type serviceProxy struct {
	db        *statedb.DB
	frontends statedb.Table[*lb.Frontend]
	bridge    *bridge

	mu   sync.Mutex
	open map[netip.AddrPort]*entrance
}

// entrance is the listener of one frontend.
type entrance struct {
	frontend                  lb.L3n4Addr
	listener                  net.Listener
	bindError                 string
	active, accepted, refused atomic.Int64
	viaEnvoy, direct          atomic.Int64
}

// follow opens and closes listeners as Services come and go.
func (p *serviceProxy) follow(ctx context.Context) error {
	for {
		all, changed := p.frontends.AllWatch(p.db.ReadTxn())
		wanted := map[netip.AddrPort]lb.L3n4Addr{}
		for fe := range all {
			if at, ok := entranceOf(fe); ok {
				wanted[at] = fe.Address
			}
		}
		retry := p.listen(ctx, wanted)
		select {
		case <-ctx.Done():
			p.listen(ctx, nil)
			return nil
		case <-retry:
		case <-changed:
		}
	}
}

func entranceOf(fe *lb.Frontend) (netip.AddrPort, bool) {
	address := fe.Address.AddrCluster().Addr()
	if fe.Type != lb.SVCTypeClusterIP || fe.Address.Protocol() != lb.TCP || !address.Is4() {
		return netip.AddrPort{}, false
	}
	ip, err := netip.ParseAddr(loopback(address.String()))
	return netip.AddrPortFrom(ip, fe.Address.Port()), err == nil && ip.IsLoopback()
}

// listen returns a timer when an address could not be bound and is to be tried again.
func (p *serviceProxy) listen(ctx context.Context, wanted map[netip.AddrPort]lb.L3n4Addr) (retry <-chan time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for at, e := range p.open {
		if _, ok := wanted[at]; !ok {
			if e.listener != nil {
				e.listener.Close()
			}
			delete(p.open, at)
		}
	}
	for at, frontend := range wanted {
		e := p.open[at]
		if e == nil {
			e = &entrance{frontend: frontend}
			p.open[at] = e
		}
		if e.listener != nil {
			continue
		}
		l, err := net.Listen("tcp4", at.String())
		if err != nil {
			if e.bindError == "" {
				log.Error("the address of a frontend cannot be bound", "frontend", frontend.StringWithProtocol(), "address", at, "error", err)
			}
			e.bindError, retry = err.Error(), time.After(time.Second)
			continue
		}
		e.listener, e.bindError = l, ""
		go p.accept(ctx, e)
	}
	return retry
}

func (p *serviceProxy) accept(ctx context.Context, e *entrance) {
	for {
		c, err := e.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			log.Error("accept", "frontend", e.frontend.StringWithProtocol(), "error", err)
			time.Sleep(10 * time.Millisecond) // out of file descriptors
			continue
		}
		go p.serve(ctx, e, c.(*net.TCPConn))
	}
}

func (p *serviceProxy) serve(ctx context.Context, e *entrance, client *net.TCPConn) {
	e.accepted.Add(1)
	e.active.Add(1)
	defer e.active.Add(-1)
	from := client.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
	to, l7, err := p.connect(ctx, e, from)
	if err != nil {
		log.Debug("connection refused", "frontend", e.frontend.StringWithProtocol(), "client", from, "error", err)
		e.refused.Add(1)
		reset(client)
		return
	}
	if l7 {
		e.viaEnvoy.Add(1)
	} else {
		e.direct.Add(1)
	}
	splice(client, to)
}

// connect tries a second time only if the redirect has changed since the first: eBPF reads it at the time of connect(2).
func (p *serviceProxy) connect(ctx context.Context, e *entrance, from netip.Addr) (*net.TCPConn, bool, error) {
	target, l7, err := p.choose(e.frontend, from)
	if err != nil {
		return nil, false, err
	}
	c, err := dial(ctx, from, target)
	if err == nil || !l7 {
		return c, l7, err
	}
	again, l7, chooseErr := p.choose(e.frontend, from)
	if chooseErr != nil || again == target {
		return nil, false, err
	}
	c, err = dial(ctx, from, again)
	return c, l7, err
}

// dial keeps the client's address, as Cilium does for traffic inside the mesh.
func dial(ctx context.Context, from netip.Addr, to netip.AddrPort) (*net.TCPConn, error) {
	d := net.Dialer{Timeout: dialTimeout, LocalAddr: &net.TCPAddr{IP: from.AsSlice()}, Control: portAtConnect}
	c, err := d.DialContext(ctx, "tcp4", to.String())
	if err != nil {
		return nil, err
	}
	return c.(*net.TCPConn), nil
}

// portAtConnect lets the kernel choose the source port for the whole address pair: else a few thousand connections
// in TIME_WAIT use up the ports of the source address.
func portAtConnect(_, _ string, raw syscall.RawConn) error {
	var err error
	if e := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	}); e != nil {
		return e
	}
	return err
}

func reset(c *net.TCPConn) {
	c.SetLinger(0)
	c.Close()
}

// splice copies both ways in the kernel, passes on the end of one direction as such, and a reset as a reset.
func splice(a, b *net.TCPConn) {
	results := make(chan error, 2)
	oneWay := func(to, from *net.TCPConn) {
		_, err := io.Copy(to, from)
		if err == nil {
			to.CloseWrite()
		} else {
			reset(a)
			reset(b)
		}
		results <- err
	}
	go oneWay(a, b)
	oneWay(b, a)
	<-results
	<-results
	a.Close()
	b.Close()
}
