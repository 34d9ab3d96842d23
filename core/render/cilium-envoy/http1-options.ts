/**
 * How Envoy reads and writes HTTP/1, on the client's side and on the pod's: by default it refuses or rewrites much that
 * clients and apps have long said to each other without it. docs/reference/listener.md lists what is left.
 */
import { envoyTypes } from './extensions.ts';

/** Of the listener and of clusters alike: requests are read by the one and written by the other, answers the other way. */
export const http1Options: Readonly<Record<string, unknown>> = {
  // HTTP/1 headers have no case, but there are clients and apps that look for exactly "SOAPAction".
  header_key_format: {
    stateful_formatter: {
      name: 'envoy.http.stateful_header_formatters.preserve_case',
      typed_config: {
        '@type': envoyTypes.preserveCase,
        // "418 Teapot" stays, and does not become "418 Unknown".
        forward_reason_phrase: true,
        // What Envoy adds by itself (Date, X-Forwarded-Proto) is written as everybody else writes it.
        formatter_type_on_envoy_headers: 'PROPER_CASE',
      },
    },
  },
  enable_trailers: true,
  // By default a message with both gets 400 (502 from a pod). Envoy goes by the chunks, as RFC 9112 has it, and drops
  // content-length, so that nobody behind it can be told another length.
  allow_chunked_length: true,
};

/**
 * Every word but this one, in RE2, which cannot say "not": it differs at the first letter, or else further on, or it
 * ends too early or too late. Letters stand for both cases.
 */
export const everyWordBut = (word: string): string => {
  const letters = [...word.toLowerCase()];
  const either = (letter: string): string => `${letter}${letter.toUpperCase()}`;
  return letters.reduceRight((rest, letter) => `([^${either(letter)}].*|[${either(letter)}]${rest})?`, '.+');
};

/** Protocols of `Upgrade` that reach the app. */
export const UPGRADE = 'websocket';

/** Of the listener only. */
export const listenerHttp1Options = (service: string): Record<string, unknown> => ({
  ...http1Options,
  accept_http_10: true,
  default_host_for_http_10: service,
  // Envoy answers 403 to an offer that it does not know (`Upgrade: TLS/1.2`, which Apache HttpClient 5.4 sends by
  // default). A server may ignore an offer and nearly every one does: Envoy leaves it out and passes the request on.
  ignore_http_11_upgrade: [{ safe_regex: { regex: everyWordBut(UPGRADE) } }],
  allow_custom_methods: true,
});
