/** How much an event may be. */
export const eventLimits = {
  /** Of a request's body. The specification wants 64 KiB to pass; Temporal takes 2 MiB, and base64 adds a third. */
  bodyBytes: 1_048_576,
  /** Events of a batch: each of them may start workflows. */
  batch: 1_000,
  /** Objects and lists in each other: expressions of triggers walk them. */
  depth: 64,
  /** Attributes that the specification does not name. */
  extensions: 50,
} as const;
