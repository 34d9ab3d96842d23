/** What every kind of access comes to: where the API server is, how to trust it, and who calls. */

export interface TlsSettings {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export type SentHeaders = Record<string, string | readonly string[]>;

export interface Access {
  readonly server: URL;
  readonly tls: TlsSettings;
  /** True where a cloud or an inventory says where the server is: after a while that may be somewhere else. */
  readonly mayMove?: true;
  /**
   * False once a file that it was read from (authority, client certificate, key too) was written anew, or an inventory says
   * something else.
   */
  isCurrent(): Promise<boolean>;
  /** Asked for before each call: tokens of exec plugins and token files are renewed when they expire. */
  headers(): Promise<SentHeaders>;
  /** The server did not take these headers (401): the next ones are made of a new token. Absent: the access is read anew. */
  refused?(headers: SentHeaders): void;
}
