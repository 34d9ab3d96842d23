/** Why a request is refused, with the status that says so. */

export class HttpProblem extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Attribute or path that is wrong; '' = none. */
  readonly at: string;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}, at = '') {
    super(message);
    this.status = status;
    this.headers = headers;
    this.at = at;
  }
}
