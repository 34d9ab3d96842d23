/** The types of attributes that have a grammar of their own: text, URI, URI-reference, timestamp. */

/** CloudEvents' String: no control characters, no noncharacters, no half of a surrogate pair. */
export const isAttributeText = (text: string): boolean =>
  text.isWellFormed() && !/[\u0000-\u001f\u007f-\u009f\p{Noncharacter_Code_Point}]/u.test(text);

/** The parts of RFC 3986, appendix B: every text has them. */
const parts = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/;
const characters = /^(?:[\w\-.~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;
const authorities = /^(?:[^@[\]]*@)?(?:\[[0-9A-Za-z:.]+\]|[^[\]@:]*)(?::\d*)?$/;

/** RFC 3986, section 4.1. */
export function isUriReference(text: string): boolean {
  if (!characters.test(text)) return false;
  const [, scheme, authority, path = '', query = '', fragment = ''] = parts.exec(text) ?? [];
  if (scheme !== undefined && !/^[A-Za-z][A-Za-z0-9+.-]*$/.test(scheme)) return false;
  if (authority !== undefined && !authorities.test(authority)) return false;
  if (scheme === undefined && authority === undefined && /^[^/]*:/.test(path)) return false;
  return !/[[\]#]/.test(path + query + fragment);
}

/** With a scheme. A fragment is let through, although an absolute URI has none: schemas are named by them. */
export const isUri = (text: string): boolean => /^[A-Za-z][A-Za-z0-9+.-]*:/.test(text) && isUriReference(text);

const timestamps = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|[+-](\d\d):(\d\d))$/;

/** RFC 3339, with days that the calendar has; a leap second is one. */
export function isTimestamp(text: string): boolean {
  const found = timestamps.exec(text);
  if (found === null) return false;
  const [, year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zoneHour = 0, zoneMinute = 0] = found.map(
    (part) => Number(part ?? 0),
  );
  const days = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
  return (
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= days &&
    hour <= 23 &&
    minute <= 59 &&
    second <= 60 &&
    zoneHour <= 23 &&
    zoneMinute <= 59
  );
}
