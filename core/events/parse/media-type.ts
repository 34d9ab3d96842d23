/** Media types (RFC 2046, as RFC 9110 writes them): case, white space and parameters do not matter for what they name. */

export interface MediaType {
  /** Type and subtype in small letters: `application/json`. */
  readonly essence: string;
  /** In small letters; '' = not said. */
  readonly charset: string;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const essences = new RegExp(`[ \\t]*(${token}/${token})[ \\t]*`, 'y');
const parameters = new RegExp(`;[ \\t]*(?:(${token})=(?:(${token})|"((?:[^"\\\\]|\\\\.)*)"))?[ \\t]*`, 'y');

/** null: it is no media type. */
export function parseMediaType(text: string): MediaType | null {
  if (text.length > 1_000) return null;
  essences.lastIndex = 0;
  const [whole = '', essence = ''] = essences.exec(text) ?? [];
  if (essence === '') return null;
  let charset = '';
  for (let at = whole.length; at < text.length; at = parameters.lastIndex) {
    parameters.lastIndex = at;
    const found = parameters.exec(text);
    if (found === null) return null;
    const [, name = '', plain, quoted = ''] = found;
    if (name.toLowerCase() === 'charset') charset = (plain ?? quoted.replaceAll(/\\(.)/g, '$1')).toLowerCase();
  }
  return { essence: essence.toLowerCase(), charset };
}

export const isJsonType = ({ essence }: MediaType): boolean => /\/json$|\+json$/.test(essence);

const textTypes = /^text\/|\/xml$|\+xml$|^application\/(?:javascript|yaml|x-www-form-urlencoded)$|\+yaml$/;

export const isTextType = ({ essence }: MediaType): boolean => textTypes.test(essence);

/** ASCII is part of it. */
export const isUtf8 = ({ charset }: MediaType): boolean => ['', 'utf-8', 'utf8', 'us-ascii'].includes(charset);
