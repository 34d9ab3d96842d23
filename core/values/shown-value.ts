/** A value that somebody sent or wrote, as a message shows it. */

/** Characters. */
const SHOWN = 200;

export const shownValue = (value: unknown): string => {
  const json = JSON.stringify(value) ?? 'nothing';
  return json.length > SHOWN ? `${json.slice(0, SHOWN)}…` : json;
};
