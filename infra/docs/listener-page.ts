/** What the listener does to requests, made from the list that the test of raw requests holds it to. */
import { listenerDifferences, listenerRefusals } from './listener-differences.ts';
import { table } from './table.ts';

export function listenerPage(): string {
  const refusals = listenerRefusals.map(({ what, through, status, shapes }) => [
    what,
    status === null ? through : `${status} (${through})`,
    [...new Set(Object.values(shapes))].join(', '),
  ]);
  const differences = listenerDifferences.map(({ what, through }) => [what, through]);
  return `<!-- Generated from infra/docs/listener-differences.ts by infra/docs/generate-listener.ts; do not edit. -->

# The listener

From adoption on, calls to a service go through a listener of Cilium's Envoy on the client's node. It is set up so that nothing
changes by that: upgrades to WebSocket, methods of your own, header names with their case, chunks beside a length, large and
many headers, HTTP/1.0, HTTP/2 without TLS, trailers, paths that are not normalised and reason phrases are carried; nothing is
timed out, retried or limited that was not before. What Envoy cannot carry is here, and all of it: \`test/ports/listener\` sends
every kind of request that we know of, byte for byte, to an app directly and through the listener, and what differs must be on
this page.

## Refused

Envoy answers these itself. No version of the service sees them, so no SLO counts them. The listener does, as requests that
began and never reached the router: \`envoy_http_downstream_rq_total\` less \`envoy_http_rq_total\`, with
\`envoy_http_conn_manager_prefix="<namespace>_<service>"\`. A rollout stops when more than 1 % of the requests are refused, at
least ten, and twice the share of before; below that \`rollout status\` and \`doctor\` show them. What a Cilium L7 policy denies is
counted there, too. A client that closes early is in no counter: Envoy gives it no answer.

A port that carries no HTTP at all ends an adoption, too. Where callers speak first (TLS), their bytes are refused, and
\`envoy_http_downstream_cx_protocol_error\` tells why. Where the server speaks first, callers wait: the listener counts
connections (\`envoy_http_downstream_cx_total\`) and no request, and the pods answer less than a fifth of what they did in the
quietest time before, 20 s or 60 s long, of the two and a half minutes before the share was written.

The last column is what Node's own HTTP server answers: where it refuses as well, clients that do this have hardly been served
before.

${table(['What', 'Answer', "Node's server"], refusals)}

## Carried, with a difference

${table(['What', 'Through the listener'], differences)}

Not compared: the order of headers that have different names.

## Before you adopt

A client of the kinds above is found in its own code or in the access log of the app: look for \`#\` or bytes above 127 in
targets, for \`CONNECT\`, and for clients that close their sending half early. If there is one that matters, mend it first, or
leave that service out. \`tidegate release SERVICE\` gives a service back, and calls go past Envoy again.
`;
}
