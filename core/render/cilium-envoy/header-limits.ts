/** How large headers may be: as large as the most generous apps take. */

/** Of request and response headers. A Go server takes 1 MiB, the most generous default in use; Envoy's own is 60. */
export const MAX_HEADERS_KB = 1_024;

/** Envoy's own limit of 100 answers 431 to what an app would take. */
export const MAX_HEADERS_COUNT = 1_000;
