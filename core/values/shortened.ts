/** Texts that are cut for a place with room for so many characters. */

/** At most so many characters, in one line; what was cut ends with …. */
export function shortened(text: string, characters: number): string {
  const line = text.replace(/\s*\n\s*/g, ' ');
  const all = [...line];
  return all.length <= characters ? line : `${all.slice(0, characters - 1).join('')}…`;
}
