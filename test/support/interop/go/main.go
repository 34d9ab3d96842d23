// A sender and a receiver on the official CloudEvents SDK of Go: `interop send URL TOKEN`, `interop receive`.
//
// send: a line of stdin is {"mode": "binary" | "structured" | "batch", "event": <structured CloudEvent>}, or "events" for a
// batch; a line of stdout is the answer. receive: the first line of stdout is {"port": …}; then one line per event that was
// received, as a structured CloudEvent.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

type order struct {
	Mode   string        `json:"mode"`
	Event  event.Event   `json:"event"`
	Events []event.Event `json:"events"`
}

func main() {
	var err error
	if os.Args[1] == "send" {
		err = send(os.Args[2], os.Args[3])
	} else {
		err = receive()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func tell(what any) error {
	return json.NewEncoder(os.Stdout).Encode(what)
}

func send(url, token string) error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var one order
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return err
		}
		request, err := requestOf(url, one)
		if err != nil {
			return err
		}
		request.Header.Set("authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			return err
		}
		answer.Body.Close()
		if err := tell(map[string]any{"status": answer.StatusCode, "body": string(body)}); err != nil {
			return err
		}
	}
	return lines.Err()
}

func requestOf(url string, one order) (*http.Request, error) {
	ctx := context.Background()
	switch one.Mode {
	case "structured":
		return cehttp.NewHTTPRequestFromEvent(binding.WithForceStructured(ctx), url, one.Event)
	case "batch":
		return cehttp.NewHTTPRequestFromEvents(ctx, url, one.Events)
	default:
		return cehttp.NewHTTPRequestFromEvent(binding.WithForceBinary(ctx), url, one.Event)
	}
}

func receive() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if err := tell(map[string]any{"port": listener.Addr().(*net.TCPAddr).Port}); err != nil {
		return err
	}
	return http.Serve(listener, http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		received, err := cehttp.NewEventFromHTTPRequest(request)
		if err == nil {
			err = received.Validate()
		}
		if err != nil {
			http.Error(response, err.Error(), http.StatusBadRequest)
			return
		}
		if err := tell(received); err != nil {
			http.Error(response, err.Error(), http.StatusInternalServerError)
			return
		}
		response.WriteHeader(http.StatusNoContent)
	}))
}
