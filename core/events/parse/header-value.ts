/** The value of a `ce-` header: quoted strings are undone first, then one round of percent-decoding (HTTP binding, 3.1.3.2). */

export type DecodedHeader = { readonly value: string } | { readonly reason: string };

export function decodeHeaderValue(written: string): DecodedHeader {
  // A tab is white space of HTTP, and may stand inside of a quoted string only.
  if (!/^[\t\x20-\x7e]*$/.test(written))
    return { reason: 'has a character that no header may have: percent-encode it' };
  const unquoted = withoutQuotes(written.trim());
  if (unquoted === null) return { reason: 'has a quoted string without an end' };
  if (/%(?![0-9A-Fa-f]{2})/.test(unquoted)) return { reason: 'has a % without two hexadecimal digits' };
  try {
    return { value: decodeURIComponent(unquoted) };
  } catch {
    return { reason: 'is percent-encoded, and not UTF-8' };
  }
}

/** null: a quote is never closed. */
function withoutQuotes(text: string): string | null {
  if (!text.includes('"')) return text;
  let [value, isQuoted] = ['', false];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === '"') isQuoted = !isQuoted;
    else if (character === '\\' && isQuoted) value += text[(at += 1)] ?? '';
    else value += character;
  }
  return isQuoted ? null : value;
}
