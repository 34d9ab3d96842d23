/** A text of the user's own, with values of the event in it. */
import { fieldAt } from '../../../values/json.ts';
import type { CloudEvent } from '../../cloud-event.ts';
import { asVariable } from '../chosen.ts';
import type { Message } from '../encode.ts';

interface Template {
  readonly contentType: string;
  readonly template: string;
}

const placeholder = /\{\{\s*([\w.]+)\s*\}\}/g;

export const genericMessage = (event: CloudEvent, { contentType, template }: Template): Message => ({
  headers: { 'content-type': contentType },
  body: template.replace(placeholder, (_, path: string) => inJson(valueAt(asVariable(event), path.split('.')))),
});

const valueAt = (event: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, name) => {
    if (Array.isArray(value)) return value[Number(name)];
    return value !== null && typeof value === 'object' && Object.hasOwn(value, name) ? fieldAt(value, name) : undefined;
  }, event);

/** As it may stand within the quotes of a JSON text; what is not there is nothing. */
function inJson(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return JSON.stringify(text).slice(1, -1);
}
