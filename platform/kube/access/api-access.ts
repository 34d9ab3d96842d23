/** What every kind of access comes to: where the API server is, how to trust it, and who calls. */

export interface TlsSettings {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface Access {
  readonly server: URL;
  readonly tls: TlsSettings;
  /** False once a file that it was read from (authority, client certificate, key too) was written anew. */
  isCurrent(): Promise<boolean>;
  /** Asked for before each call: tokens of exec plugins and token files are renewed when they expire. */
  headers(): Promise<Record<string, string | readonly string[]>>;
}
