/** What can be made to fail in a lab, as people type it after `tidegate lab break`. */
export const breakUsage = `errors SERVICE VERSION --ratio R [--cluster NAME]    R of the answers are 500 (0 to 1); VERSION may be *
  [--callers past-envoy]                             … to those who dial the pods themselves
latency SERVICE VERSION --ms N [--cluster NAME]      N ms are added to every answer
crash SERVICE VERSION [--cluster NAME]               pods end soon after they got ready, again and again
hang SERVICE VERSION [--cluster NAME]                pods accept connections and never answer
unready SERVICE VERSION [--cluster NAME]             pods never get ready
no-image SERVICE VERSION [--cluster NAME]            the registry does not know their image
no-node SERVICE VERSION [--cluster NAME]             no node takes them
freeze-envoy CLUSTER NODE | thaw-envoy CLUSTER NODE  an Envoy keeps its configuration, until it is thawed
api-server CLUSTER dead|hung|heal                    an API server ends, or accepts connections and never answers
lost CLUSTER                                         its API server and its pods vanish at once
prometheus dead|hung|heal                            so does the metrics backend
process NAME dead|hung|heal                          so does any process of \`tidegate lab status\`: temporal, etcd, envoy-NODE …
heal                                                 puts everything right`;
